/** Reads pages in tests as a browser would: what is an element, and what is text. */

/** The text of each element that the selector finds, in document order, with entities resolved. */
export async function texts(page: string, selector: string): Promise<readonly string[]> {
  const found: string[] = []
  const rewriter = new HTMLRewriter().on(selector, {
    element() {
      found.push('')
    },
    text({ text }) {
      found.push((found.pop() ?? '') + text)
    },
  })
  await rewriter.transform(new Response(page)).arrayBuffer()
  return found.map(resolved)
}

/** An attribute of each element that the selector finds; elements without it are left out. */
export async function attributes(page: string, selector: string, name: string): Promise<readonly string[]> {
  const found: string[] = []
  const rewriter = new HTMLRewriter().on(selector, {
    element(element) {
      const value = element.getAttribute(name)
      if (value !== null) found.push(resolved(value))
    },
  })
  await rewriter.transform(new Response(page)).arrayBuffer()
  return found
}

/** The names of all elements, each once. */
export async function elementNames(page: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  const rewriter = new HTMLRewriter().on('*', {
    element({ tagName }) {
      names.add(tagName)
    },
  })
  await rewriter.transform(new Response(page)).arrayBuffer()
  return names
}

function resolved(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
