import { type Cause, hasCause } from '../views/cause.ts'

/** What the stackwalker found out about why it crashed: instruction, memory accesses, bit flips, contradictions. */
export function CauseSection({ cause }: { readonly cause: Cause }) {
  if (!hasCause(cause)) return null
  return (
    <section class="facts cause" aria-labelledby="cause">
      <h2 id="cause">At the crash</h2>
      <dl>
        {cause.instruction === null ? null : (
          <div>
            <dt title="The instruction at which the crashing thread stopped">Instruction</dt>
            <dd>
              <code>{cause.instruction}</code>
            </dd>
          </div>
        )}
        {cause.accesses.length === 0 ? null : (
          <div>
            <dt title="What the instruction did with memory">Access</dt>
            <dd>
              <ul>
                {cause.accesses.map(({ what, address, guardPage }) => (
                  <li>
                    {`${what} at `}
                    <code>{address}</code>
                    {guardPage ? (
                      <>
                        {' '}
                        <span class="badge warn">guard page</span> <span class="chip protected">protected</span>
                      </>
                    ) : null}
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        )}
        {cause.jump === null ? null : (
          <div>
            <dt title="Where the instruction would have gone on">Jump</dt>
            <dd>
              <code>{cause.jump}</code>
            </dd>
          </div>
        )}
        {cause.inconsistencies.length === 0 ? null : (
          <div>
            <dt title="What does not fit together in the exception">Contradicts</dt>
            <dd>
              <ul class="inconsistencies">
                {cause.inconsistencies.map((text) => (
                  <li>{text}</li>
                ))}
              </ul>
            </dd>
          </div>
        )}
        {cause.bitFlips.length === 0 ? null : (
          <div>
            <dt title="Flipping one bit gives an address that makes sense">Bit flip</dt>
            <dd>
              <ul class="bit-flips">
                {cause.bitFlips.map((flip) => (
                  <li>
                    {flip.confidencePercent === null ? null : `${flip.confidencePercent} %: `}
                    {flip.register === null ? 'the address' : <code>{flip.register}</code>}
                    {' would be '}
                    <code>{flip.address}</code>
                    {flip.details.length === 0 ? null : <span class="quiet">{` (${flip.details.join('; ')})`}</span>}
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        )}
      </dl>
    </section>
  )
}
