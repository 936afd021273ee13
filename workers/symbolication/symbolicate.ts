import type { Clock } from '#shared/clock.ts'
import {
  MAX_SYMBOLICATION_ANSWER_CHARS,
  MAX_SYMBOLICATION_BODY_BYTES,
  MAX_SYMBOLICATION_DEPTH,
  MAX_SYMBOLICATION_VALUES,
  SYMBOLICATION_BODY_IDLE_MS,
  SYMBOLICATION_VALUE_BYTES,
} from '#shared/limits.ts'
import type { Log } from '#shared/log.ts'
import { type Refusal, refuse, streamedAnswer } from './answer.ts'
import { answerV4 } from './answer-v4.ts'
import { answerV5, type FrameTexts, symbolText } from './answer-v5.ts'
import { AskedAddresses, moduleKey } from './asked-addresses.ts'
import { debugReport } from './debug-report.ts'
import { parseExactJson, shapeOfJson } from './exact-json.ts'
import { type Job, readJobs } from './jobs.ts'
import { lookupSymbols, type SymbolLookup } from './lookup-symbols.ts'
import type { Hold, MemoryBudget } from './memory-budget.ts'
import { BUSY, NOT_JSON, readText } from './request-body.ts'

export interface SymbolicateDeps {
  readonly symbols: SymbolLookup
  readonly budget: MemoryBudget
  readonly clock: Clock
  readonly log: Log
  /** SYMBOLICATION_BODY_IDLE_MS where it is not given. */
  readonly bodyIdleMs?: number
  /** SYMBOLICATION_DEADLINE_MS where it is not given. */
  readonly lookupDeadlineMs?: number
}

export type SymbolicateOutcome =
  | { readonly kind: 'answered'; readonly response: Response; readonly frames: number; readonly modules: number }
  | Refusal

/**
 * `POST /symbolicate/v5` and `/symbolicate/v4` (specs/symbols.md 3.1, 3.2): body, jobs, symbols, answer. The answer is written while it is sent, and
 * everything that the request holds is counted until then. No body gives a 5xx; only a symbols Worker that answers nothing at all does.
 */
export async function symbolicate(
  request: Request,
  version: 4 | 5,
  deps: SymbolicateDeps,
): Promise<SymbolicateOutcome> {
  const hold = deps.budget.hold()
  try {
    const outcome = await symbolicateHeld(request, version, hold, deps)
    if (outcome.kind === 'refused') hold.release()
    return outcome
  } catch (thrown) {
    hold.release()
    throw thrown
  }
}

async function symbolicateHeld(
  request: Request,
  version: 4 | 5,
  hold: Hold,
  deps: SymbolicateDeps,
): Promise<SymbolicateOutcome> {
  const startedAtMs = deps.clock()
  const body = await readText(
    request,
    MAX_SYMBOLICATION_BODY_BYTES,
    deps.bodyIdleMs ?? SYMBOLICATION_BODY_IDLE_MS,
    hold,
  )
  if (body.kind === 'refused') return body
  const jobs = parseJobs(body.text, version, hold)
  if (jobs.kind === 'refused') return jobs

  const asked = new AskedAddresses()
  for (const { modules, stacks } of jobs.jobs) {
    for (const stack of stacks) {
      for (const { module, offset } of stack) {
        const named = modules[module]
        if (named !== undefined) asked.add(named, offset)
      }
    }
  }
  const symbols = await lookupSymbols(asked, {
    ...deps,
    hold,
    keep: version === 5 ? symbolText : (_address, symbol) => symbol.name,
    ...(deps.lookupDeadlineMs === undefined ? {} : { deadlineMs: deps.lookupDeadlineMs }),
  })
  if (isNothingThere(symbols)) return refuse('unavailable', 'the symbol store is not available: try again later')
  if (answerChars(jobs.jobs, symbols) > MAX_SYMBOLICATION_ANSWER_CHARS) {
    return refuse(
      'answer_too_large',
      `the answer would have more than ${MAX_SYMBOLICATION_ANSWER_CHARS} characters: ask for fewer frames`,
    )
  }
  const wantsDebug = (request.headers.get('Debug') ?? '') !== ''
  const debug = wantsDebug ? debugReport(jobs.jobs, symbols, deps.clock() - startedAtMs) : null
  const [first] = jobs.jobs
  const pieces =
    version === 4 && first !== undefined ? answerV4(first, symbols, debug) : answerV5(jobs.jobs, symbols, debug)
  return {
    kind: 'answered',
    response: streamedAnswer('application/json', pieces, hold.release),
    frames: jobs.jobs.reduce((sum, { stacks }) => sum + framesOf(stacks), 0),
    modules: symbols.size,
  }
}

function parseJobs(text: string, version: 4 | 5, hold: Hold) {
  const shape = shapeOfJson(text)
  const isCounted = hold.add(Math.min(shape.values, MAX_SYMBOLICATION_VALUES) * SYMBOLICATION_VALUE_BYTES)
  if (!isCounted) return BUSY
  const json = parseExactJson(text, shape, MAX_SYMBOLICATION_DEPTH, MAX_SYMBOLICATION_VALUES)
  switch (json.kind) {
    case 'malformed':
      return NOT_JSON
    case 'too_many_values':
      return refuse(
        'bad_request',
        `please limit number of JSON values in a single request to <= ${MAX_SYMBOLICATION_VALUES}`,
      )
    case 'parsed':
      return readJobs(json.value, version)
  }
}

/** A store that answered for no module at all: a client must not take that for modules without symbols. */
function isNothingThere(symbols: FrameTexts): boolean {
  return symbols.size > 0 && [...symbols.values()].every(({ error }) => error?.name === 'unavailable')
}

const framesOf = (stacks: Job['stacks']) => stacks.reduce((sum, stack) => sum + stack.length, 0)

/** What a frame takes beside its symbol: keys, numbers, its module. */
const FRAME_CHARS = 60

/** About the characters of the answer. */
function answerChars(jobs: readonly Job[], symbols: FrameTexts): number {
  let chars = 0
  for (const { modules, stacks } of jobs) {
    for (const stack of stacks) {
      for (const { module, offset } of stack) {
        const named = modules[module]
        const known = named === undefined ? undefined : symbols.get(moduleKey(named))
        const name = known?.found?.code_file ?? named?.debugFile ?? ''
        chars += FRAME_CHARS + name.length + (known?.symbols.get(offset)?.length ?? 0)
      }
    }
  }
  return chars
}
