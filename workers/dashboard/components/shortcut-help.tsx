const SHORTCUTS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['/'], 'Search box: crash id, signature, bug or debug id'],
  [['j', 'k'], 'Next and previous row'],
  [['Enter'], 'Open the row'],
  [['x'], 'Select the row'],
  [['c'], 'Copy as Markdown: selected rows, or the page'],
  [['f'], 'Search results: filter by the cell with the focus'],
  [['[', ']'], 'Previous and next report or page of results'],
  [['g h', 'g t', 'g s'], 'Go to overview, top crashers, search'],
  [['?'], 'This help'],
]

/** The keyboard shortcuts of assets/mayday.client.js, as a dialog: `?` opens it, and so does its anchor, which needs no script. */
export function ShortcutHelp() {
  return (
    <dialog id="shortcuts" aria-labelledby="shortcuts-heading">
      <form method="dialog" class="section-heading">
        <h2 id="shortcuts-heading">Keyboard shortcuts</h2>
        <button type="submit">Close</button>
      </form>
      <dl>
        {SHORTCUTS.map(([keys, does]) => (
          <div>
            <dt>
              {keys.map((key) => (
                <kbd>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input id="shortcuts-on" type="checkbox" checked /> Single-key shortcuts are on in this browser
      </label>
    </dialog>
  )
}
