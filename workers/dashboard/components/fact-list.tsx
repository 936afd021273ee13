import type { Fact } from '../views/facts.ts'
import { Moment } from './moment.tsx'

/** A group of facts under a heading; nothing when there are none. */
export function FactList({ heading, facts }: { readonly heading: string; readonly facts: readonly Fact[] }) {
  if (facts.length === 0) return null
  return (
    <section class="facts">
      <h2>{heading}</h2>
      <dl>
        {facts.map((fact) => (
          <div>
            <dt title={fact.title}>{fact.name}</dt>
            <dd>
              <FactValue fact={fact} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function FactValue({ fact }: { readonly fact: Fact }) {
  switch (fact.kind) {
    case 'time':
      return <Moment atMs={fact.atMs} />
    case 'text':
      return fact.code === true ? <code>{fact.text}</code> : <span>{fact.text}</span>
  }
}
