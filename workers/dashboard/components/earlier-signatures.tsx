import type { ShownEarlierSignature } from '../views/earlier-signatures.ts'
import { shownText } from '../views/json-value.ts'
import { Moment } from './moment.tsx'

/** What a reprocessed crash was called before; nothing where it always had its signature. */
export function EarlierSignatures({ signatures }: { readonly signatures: readonly ShownEarlierSignature[] }) {
  if (signatures.length === 0) return null
  return (
    <ul class="earlier-signatures" aria-label="Earlier signatures">
      {signatures.map(({ signature, changedBy, fromMs }) => (
        <li>
          {'was: '}
          <a href={`/search/?${new URLSearchParams({ signature: `=${signature}` })}`}>
            <code>{shownText(signature)}</code>
          </a>
          {fromMs === null ? null : (
            <>
              {', signed '}
              <Moment atMs={fromMs} />
            </>
          )}
          {changedBy === '' ? null : `, changed by ${changedBy}`}
        </li>
      ))}
    </ul>
  )
}
