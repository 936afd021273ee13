// @ts-check
/**
 * What pages do beyond links and forms: keyboard shortcuts, copying, local times, links to frames that are not on the page. Every page reads
 * without it. Pages say what is what by attributes:
 *
 *   data-rows             on a table or list: its rows are those that j and k walk through
 *   data-copy             on a link: a click copies what the link answers; data-copy-default is the one that `c` takes
 *   data-copy-text="…"    on a button (hidden without this script): a click copies that text
 *   data-filter           on a link in a cell: `f` takes it for the cell that has the focus
 *   data-go="t"           on a link: `g` and then that key
 *   rel="prev", rel="next"  `[` and `]`
 */

const SHORTCUTS_OFF = 'mayday-shortcuts-off'
const SEQUENCE_MS = 1_500
const ROWS = '[data-rows] tbody tr, [data-rows] > li'

/** @type {HTMLElement | null} */
let row = null
let goUntilMs = 0

/** Screen readers hear what changes in it, if it was there before. */
const liveRegion = document.createElement('p')
liveRegion.className = 'visually-hidden'
liveRegion.setAttribute('role', 'status')
document.body.append(liveRegion)

/** @param {string} text */
function announce(text) {
  liveRegion.textContent = text
}

/**
 * Copies a text that may still be on its way: the clipboard is asked for within the click, which Safari insists on.
 * @param {Promise<string>} text
 * @param {string} what
 */
async function copy(text, what) {
  const blob = text.then((found) => new Blob([found], { type: 'text/plain' }))
  await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })])
  announce(`Copied ${what}`)
}

/**
 * @param {HTMLElement} source
 * @param {() => void} otherwise
 */
function copyFrom(source, otherwise) {
  const shown = source.textContent?.trim() ?? ''
  copy(textOf(source), source.dataset.copyWhat ?? shown.replace(/^Copy (?:as )?/, '')).then(
    () => {
      source.classList.add('copied')
      setTimeout(() => source.classList.remove('copied'), SEQUENCE_MS)
    },
    // No clipboard, such as on plain HTTP: the text itself is the next best.
    otherwise,
  )
}

/**
 * @param {HTMLElement} source
 * @returns {Promise<string>}
 */
async function textOf(source) {
  if (source.dataset.copyText !== undefined) return source.dataset.copyText
  if (!(source instanceof HTMLAnchorElement)) throw new Error('nothing to copy')
  if (source.dataset.copy === 'here') return addressHere()
  const response = await fetch(source.href)
  if (!response.ok) throw new Error(`${response.status}`)
  return response.text()
}

/** This page at the row where the keyboard is (a frame), else as the address bar has it. */
function addressHere() {
  const address = new URL(location.href)
  if (row !== null && row.id !== '') address.hash = row.id
  return address.href
}

/** @param {number} step */
function walkRows(step) {
  const rows = [...document.querySelectorAll(ROWS)].filter(
    (one) => one instanceof HTMLElement && one.offsetParent !== null,
  )
  const near = document.activeElement?.closest(ROWS) ?? row ?? document.querySelector(`:target`)
  const at = near === null ? -1 : rows.indexOf(near)
  const next = rows[at === -1 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)]
  if (!(next instanceof HTMLElement)) return
  row?.classList.remove('current')
  row = next
  next.classList.add('current')
  const link = next.querySelector('a[href], summary')
  const focus = link instanceof HTMLElement ? link : next
  if (focus === next) next.tabIndex = -1
  focus.focus({ preventScroll: true })
  next.scrollIntoView({ block: 'nearest' })
}

/** The current row's link, unless something in it has the focus and takes Enter itself. */
function openRow() {
  const active = document.activeElement
  if (active !== null && active !== document.body && active !== row) return false
  const link = row?.querySelector('a[href]')
  if (!(link instanceof HTMLElement)) return false
  link.click()
  return true
}

function selectRow() {
  if (row === null) return
  row.classList.toggle('selected')
  announce(`${document.querySelectorAll('.selected').length} rows selected`)
}

/** Selected rows as a Markdown list; without any, what the page says is its copy. */
function copyRows() {
  const selected = [...document.querySelectorAll('.selected')]
  if (selected.length === 0) return click('[data-copy-default]')
  const lines = selected.map((one) => {
    const link = one.querySelector('a[href]')
    const cells = [...(one.matches('tr') ? one.children : [one])].map((cell) => cell.textContent?.trim() ?? '')
    const text = cells
      .filter((cell) => cell !== '')
      .join(' · ')
      .replace(/\s+/g, ' ')
      .replace(/[\\[\]<>`*_]/g, '\\$&')
    return link instanceof HTMLAnchorElement ? `- [${text}](${link.href})` : `- ${text}`
  })
  copy(Promise.resolve(`${lines.join('\n')}\n`), `${lines.length} rows`).catch(() =>
    announce('Copying is not allowed here'),
  )
  return true
}

/**
 * @param {string} selector
 * @param {ParentNode | null | undefined} within
 */
function click(selector, within = document) {
  const found = within?.querySelector(selector)
  if (!(found instanceof HTMLElement)) return false
  found.click()
  return true
}

function openHelp() {
  const help = document.querySelector('#shortcuts')
  if (help instanceof HTMLDialogElement && !help.open) help.showModal()
}

/** @type {Record<string, () => unknown>} */
const KEYS = {
  '/': focusSearch,
  '?': openHelp,
  j: () => walkRows(1),
  k: () => walkRows(-1),
  x: selectRow,
  c: copyRows,
  f: () => click('[data-filter]', document.activeElement?.closest('td, th, li') ?? row),
  '[': () => click('a[rel~="prev"]'),
  ']': () => click('a[rel~="next"]'),
  g: () => {
    goUntilMs = performance.now() + SEQUENCE_MS
  },
}

function focusSearch() {
  const box = document.querySelector('#quick')
  if (!(box instanceof HTMLInputElement)) return
  box.focus()
  box.select()
}

function areShortcutsOff() {
  try {
    return localStorage.getItem(SHORTCUTS_OFF) === '1'
  } catch {
    return false
  }
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  if (areShortcutsOff() || !(event.target instanceof Element)) return
  if (event.target.closest('input:not([type="checkbox"]), textarea, select, [contenteditable], dialog') !== null) return
  if (event.key === 'Enter') {
    if (openRow()) event.preventDefault()
    return
  }
  const goes = performance.now() < goUntilMs
  goUntilMs = 0
  if (goes && /^[a-z]$/.test(event.key)) {
    event.preventDefault()
    click(`a[data-go="${event.key}"]`)
    return
  }
  const act = KEYS[event.key]
  if (act === undefined) return
  event.preventDefault()
  act()
})

document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return
  const source = event.target.closest('[data-copy], [data-copy-text]')
  if (source instanceof HTMLElement) {
    event.preventDefault()
    copyFrom(source, () => {
      if (source instanceof HTMLAnchorElement) location.assign(source.href)
      else announce('Copying is not allowed here')
    })
    return
  }
  if (event.target.closest('a[href="#shortcuts"]') !== null) {
    event.preventDefault()
    openHelp()
  }
})

/** UTC stands on the page; the reader's own time comes with the pointer. */
document.addEventListener('pointerover', (event) => {
  const time = event.target instanceof Element ? event.target.closest('time[datetime]') : null
  if (!(time instanceof HTMLTimeElement) || time.dataset.local !== undefined) return
  const at = new Date(time.dateTime)
  if (Number.isNaN(at.getTime())) return
  time.dataset.local = ''
  const local = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' })
  time.title = time.title === '' ? `${local}, your time` : `${time.title}; ${local}, your time`
})

/** A link to a frame of a thread whose frames are not on the page: the page with them. */
function showTarget() {
  const [, thread] = /^#t(\d+)(?:f\d+(?:i\d+)?)?$/.exec(location.hash) ?? []
  if (thread === undefined) return
  const target = document.getElementById(location.hash.slice(1))
  if (target !== null) {
    const fold = target.closest('details')
    if (fold !== null) fold.open = true
    target.scrollIntoView({ block: 'center' })
    return
  }
  const address = new URL(location.href)
  if (!address.pathname.startsWith('/report/index/') || address.searchParams.getAll('thread').includes(thread)) return
  address.searchParams.delete('tab')
  address.searchParams.append('thread', thread)
  location.replace(address)
}

/** Searches over months take seconds: the style sheet draws a bar when the next page does not come at once. */
addEventListener('beforeunload', () => {
  document.documentElement.classList.remove('loading')
  // Read, so that the animation starts anew.
  document.documentElement.getBoundingClientRect()
  document.documentElement.classList.add('loading')
})
addEventListener('pageshow', () => document.documentElement.classList.remove('loading'))

const toggle = document.querySelector('#shortcuts-on')
if (toggle instanceof HTMLInputElement) {
  toggle.checked = !areShortcutsOff()
  toggle.addEventListener('change', () => {
    try {
      if (toggle.checked) localStorage.removeItem(SHORTCUTS_OFF)
      else localStorage.setItem(SHORTCUTS_OFF, '1')
    } catch {
      // A browser that keeps nothing: they stay on.
    }
  })
}
for (const button of document.querySelectorAll('button[data-copy-text]')) button.removeAttribute('hidden')
addEventListener('hashchange', showTarget)
showTarget()
