import type { DebugFacts } from '../views/debug-facts.ts'
import { Moment } from './moment.tsx'

/** How the crash came to be what it is: times, versions, what the collector and the processor noted. */
export function DebugTab({ debug }: { readonly debug: DebugFacts }) {
  return (
    <>
      {debug.timeline.length === 0 ? null : (
        <section aria-labelledby="timeline">
          <h2 id="timeline">Timeline</h2>
          <table class="timeline">
            <caption class="visually-hidden">From the start of the process to the processed crash</caption>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">When (UTC)</th>
                <th scope="col">After the step before</th>
              </tr>
            </thead>
            <tbody>
              {debug.timeline.map(({ what, atMs, since }) => (
                <tr>
                  <th scope="row">{what}</th>
                  <td>
                    <Moment atMs={atMs} inTable />
                  </td>
                  <td>{since ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="quiet">The first two are by the clock of the computer that crashed.</p>
        </section>
      )}
      {debug.facts.length === 0 ? null : (
        <section aria-labelledby="processing">
          <h2 id="processing">Processing</h2>
          <table class="annotations">
            <caption class="visually-hidden">What each stage said of the crash</caption>
            <thead>
              <tr>
                <th scope="col">Fact</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              {debug.facts.map((fact) => (
                <tr>
                  <th scope="row">
                    {fact.name}
                    {fact.protected ? <span class="chip protected">protected</span> : null}
                  </th>
                  <td>{fact.text}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <Notes id="processor-notes" heading="Processor notes" notes={debug.notes} />
      <Notes id="earlier-notes" heading="Notes of earlier processings" notes={debug.earlierNotes} />
    </>
  )
}

function Notes({
  id,
  heading,
  notes,
}: {
  readonly id: string
  readonly heading: string
  readonly notes: readonly string[]
}) {
  if (notes.length === 0) return null
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{heading}</h2>
      <ul class="notes">
        {notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
    </section>
  )
}
