import { type CopiedList, jsonList, markdownList } from './views/list-copy.ts'

/** The control that asks a page for its list alone. */
export const FORMAT_CONTROL = '_format'

/** A page's list as Markdown or JSON where the address asks for it; null: the page itself. */
export function listAnswer(params: URLSearchParams, list: () => CopiedList): Response | null {
  switch (params.getAll(FORMAT_CONTROL).at(-1)) {
    case 'markdown':
      return textAnswer(markdownList(list()), 'text/markdown; charset=utf-8')
    case 'json':
      return textAnswer(jsonList(list()), 'application/json; charset=utf-8')
    default:
      return null
  }
}

function textAnswer(text: string, type: string): Response {
  return new Response(text, { headers: { 'Content-Type': type, 'Cache-Control': 'private, no-store' } })
}
