import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { defaultSignatureLists } from '#shared/signature/default-lists.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import { LIST_FILES, LIST_NAMES, readSignatureLists, type SignatureLists } from '#shared/signature/lists.ts'

/**
 * Signatures a second for the whole corpus, against the PyPI package `siggen`, one after the other on this machine. Both sign with the lists that lie in that
 * package, in one thread, without reading or writing in the measured time; the best of the rounds counts.
 */
const CORPUS = path.resolve(import.meta.dirname, '../fixtures/signature/dev.small-lists.jsonl')
const SIGGEN_VERSION = '2.2.20241029'
const ROUNDS = 15
const GOAL = 5

const crashes = readFileSync(CORPUS, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line).input)

/** Prints the folder of lists, then the seconds of the best round. */
const SIGGEN_PROGRAM = `
import json, os, sys, time
import siggen
from siggen.generator import SignatureGenerator
crashes = [json.loads(line)["input"] for line in open(sys.argv[1], encoding="utf-8")]
generator = SignatureGenerator()
rounds = []
for _ in range(int(sys.argv[2])):
    started = time.perf_counter()
    for crash in crashes:
        generator.generate(crash)
    rounds.append(time.perf_counter() - started)
print(json.dumps({"lists": os.path.join(os.path.dirname(siggen.__file__), "siglists"), "seconds": min(rounds)}))
`

type Siggen =
  | { readonly kind: 'ran'; readonly aSecond: number; readonly lists: string }
  | { readonly kind: 'skipped'; readonly why: string }

function runSiggen(): Siggen {
  const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'mayday', 'siggen')
  const python = path.join(cache, 'venv', 'bin', 'python')
  if (!existsSync(path.join(cache, SIGGEN_VERSION))) {
    mkdirSync(cache, { recursive: true })
    for (const [program, ...args] of [
      ['python3', '-m', 'venv', path.join(cache, 'venv')],
      [python, '-m', 'pip', 'install', '--quiet', `siggen==${SIGGEN_VERSION}`],
    ] as const) {
      const made = spawnSync(program, args, { encoding: 'utf8' })
      if (made.status !== 0)
        return {
          kind: 'skipped',
          why: `${program} ${args.join(' ')}: ${(made.stderr ?? made.error).trim().slice(-300)}`,
        }
    }
    writeFileSync(path.join(cache, SIGGEN_VERSION), '')
  }
  const ran = spawnSync(python, ['-c', SIGGEN_PROGRAM, CORPUS, String(ROUNDS)], { encoding: 'utf8' })
  if (ran.status !== 0) return { kind: 'skipped', why: ran.stderr.trim().slice(-300) }
  const { lists, seconds } = JSON.parse(ran.stdout)
  return { kind: 'ran', aSecond: crashes.length / seconds, lists }
}

function runOwn(lists: SignatureLists): number {
  const roundsMs = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now()
    for (const crash of crashes) generateSignature(crash, lists)
    return performance.now() - startedAt
  })
  return crashes.length / (Math.min(...roundsMs) / 1_000)
}

export async function bench(print: (line: string) => void): Promise<void> {
  const figure = (name: string, aSecond: number) =>
    print(`${name}: ${Math.round(aSecond).toLocaleString('en')} signatures/s`)
  print(`${crashes.length} crashes, best of ${ROUNDS} rounds`)
  figure('mayday, built-in lists', runOwn(defaultSignatureLists()))
  const siggen = runSiggen()
  if (siggen.kind === 'skipped') {
    print(`siggen: SKIPPED (${siggen.why})`)
    return
  }
  const texts = { irrelevant: '', prefix: '', sentinels: '', withLineNumbers: '' }
  for (const name of LIST_NAMES) texts[name] = readFileSync(path.join(siggen.lists, LIST_FILES[name]), 'utf8')
  const reading = readSignatureLists(texts)
  if (reading.kind !== 'read') throw new Error(`${reading.file}:${reading.line} of siggen does not compile`)
  const own = runOwn(reading.lists)
  figure("mayday, siggen's lists", own)
  figure(`siggen ${SIGGEN_VERSION}, its lists`, siggen.aSecond)
  const times = own / siggen.aSecond
  print(`${times.toFixed(1)} times siggen (goal: ${GOAL}): ${times >= GOAL ? 'reached' : 'NOT reached'}`)
}
