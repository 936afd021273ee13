import { spawnSync } from 'node:child_process'
import { z } from 'zod'

/** What breakpad-symbols itself answers: runs container/examples/symbol-answers.rs, which is built from the crate of container/Cargo.lock. */

const CONTAINER = 'container'
/** A cold build takes two minutes on two cores. */
export const RUST_BUILD_DEADLINE_MS = 600_000
const RUN_DEADLINE_MS = 300_000
const MAX_ANSWER_BYTES = 500_000_000
/** Jobs go to the program in batches of this size: Node holds a batch and its answers as text. */
const MAX_BATCH_CHARS = 32_000_000

const inlineSchema = z.tuple([z.string(), z.string().nullable(), z.number().nullable()])
const cfiSchema = z.strictObject({
  ...{ address: z.string(), size: z.number(), rules: z.string() },
  add_rules: z.array(z.tuple([z.string(), z.string()])),
})
const answerSchema = z.strictObject({
  kind: z.enum(['function', 'public', 'none']),
  ...{ name: z.string().nullable(), base: z.string().nullable(), size: z.number().nullable() },
  ...{ parameter_size: z.number().nullable(), file: z.string().nullable(), line: z.number().nullable() },
  ...{ line_base: z.string().nullable(), inlines: z.array(inlineSchema), cfi: cfiSchema.nullable() },
  ...{ framedata: z.string().nullable(), fpo: z.string().nullable(), walk: z.string() },
})
const verdictSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('parsed'), module_id: z.string(), debug_file: z.string() }),
  z.strictObject({ kind: z.literal('refused'), line: z.number(), reason: z.string() }),
])

/** What the crate answers at an address. `walk` is what unwinding from there sets, from made-up registers and memory. */
export type RustAnswer = z.infer<typeof answerSchema>

export type RustVerdict =
  | { readonly kind: 'parsed'; readonly module_id: string; readonly debug_file: string; readonly answers: RustAnswer[] }
  /** `line` is counted from 0. */
  | { readonly kind: 'refused'; readonly line: number; readonly reason: string }

/** A sym file, whole or partial, and addresses to look up in it. */
export interface RustJob {
  readonly bytes: Uint8Array
  readonly addresses: readonly bigint[]
}

let program: string | null = null

/** Builds the program once; nothing happens when it is up to date. Throws what cargo said when it cannot be built. */
export function buildSymbolAnswers(): void {
  const { CARGO_TARGET_DIR = 'target', HOME = '' } = process.env
  const args = ['build', '--release', '--locked', '--quiet', '--example', 'symbol-answers']
  const options = { cwd: CONTAINER, encoding: 'utf8', timeout: RUST_BUILD_DEADLINE_MS } as const
  const found = spawnSync('cargo', ['--version'], { encoding: 'utf8' }).status === 0
  const built = spawnSync(found ? 'cargo' : `${HOME}/.cargo/bin/cargo`, args, options)
  if (built.status !== 0) throw new Error(`cargo build failed: ${built.error ?? built.stderr}`)
  const target = CARGO_TARGET_DIR.startsWith('/') ? CARGO_TARGET_DIR : `${CONTAINER}/${CARGO_TARGET_DIR}`
  program = `${target}/release/examples/symbol-answers`
}

/** The verdict on each job, in order. */
export function rustVerdicts(jobs: readonly RustJob[]): RustVerdict[] {
  const verdicts: RustVerdict[] = []
  let batch: RustJob[] = []
  let chars = 0
  const run = () => {
    verdicts.push(...runBatch(batch))
    batch = []
    chars = 0
  }
  for (const job of jobs) {
    batch.push(job)
    chars += job.bytes.length + 12 * job.addresses.length
    if (chars > MAX_BATCH_CHARS) run()
  }
  run()
  return verdicts
}

/** The verdict on one file. */
export function rustVerdict(bytes: Uint8Array, addresses: readonly bigint[]): RustVerdict {
  const [verdict] = rustVerdicts([{ bytes, addresses }])
  if (verdict === undefined) throw new Error('no verdict')
  return verdict
}

function runBatch(jobs: readonly RustJob[]): RustVerdict[] {
  if (program === null) throw new Error('buildSymbolAnswers() comes first')
  const input = jobs.map(({ bytes, addresses }) =>
    JSON.stringify({ bytes: oneCharAByte(bytes), addresses: addresses.map((address) => address.toString(16)) }),
  )
  const options = { encoding: 'utf8', maxBuffer: MAX_ANSWER_BYTES, timeout: RUN_DEADLINE_MS } as const
  const ended = spawnSync(program, [], { ...options, input: input.map((line) => `${line}\n`).join('') })
  if (ended.status !== 0) throw new Error(`symbol-answers ended with ${ended.status}: ${ended.error ?? ended.stderr}`)
  const lines = ended.stdout.split('\n')
  let at = 0
  const next = (): unknown => JSON.parse(lines[at++] ?? '')
  return jobs.map(({ addresses }) => {
    const verdict = verdictSchema.parse(next())
    if (verdict.kind === 'refused') return verdict
    return { ...verdict, answers: addresses.map(() => answerSchema.parse(next())) }
  })
}

/** Bytes as JSON can carry them: U+0000 to U+00FF stand for a byte each. */
function oneCharAByte(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)))
  return parts.join('')
}
