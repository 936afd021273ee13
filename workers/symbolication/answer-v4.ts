import { type FrameTexts, hex, isFound, shownModule } from './answer-v5.ts'
import { moduleKey } from './asked-addresses.ts'
import { type Job, referencedModules } from './jobs.ts'

/**
 * The older answer (specs/symbols.md 3.2): `function (in module)`, the outermost function only, and what is known of each module in the order of
 * the memory map. What is kept of a symbol is its name.
 */
export function* answerV4(job: Job, symbols: FrameTexts, debug: string | null): Generator<string> {
  yield '{"symbolicatedStacks":['
  for (const [at, stack] of job.stacks.entries()) {
    yield at === 0 ? '[' : ',['
    for (const [index, { module, offset }] of stack.entries()) {
      const asked = job.modules[module]
      const name = asked === undefined ? undefined : symbols.get(moduleKey(asked))?.symbols.get(offset)
      const text = `${name ?? hex(offset)} (in ${shownModule(asked, symbols)})`
      yield index === 0 ? JSON.stringify(text) : `,${JSON.stringify(text)}`
    }
    yield ']'
  }
  const referenced = referencedModules(job.stacks)
  const known = job.modules.map((asked, index) => isFound(asked, referenced.has(index), symbols))
  yield `],"knownModules":${JSON.stringify(known)}${debug === null ? '' : `,"debug":${debug}`}}`
}
