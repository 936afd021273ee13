/**
 * Symbolication of a big sym file through a whole fleet: `npm run bench -- symbolication`. 250 MB of text, uploaded and indexed; requests of 200 frames in 200
 * different functions, with every name checked. `cold`: the first request of a fleet that was started anew (its Workers are awake, no block is read); `warm`: the
 * same frames again. Four clients ask at once, for the same frames (a block is read once for all) or each for its own. Besides times, what a cold request reads.
 * Everything shares the cores of one machine: the load is printed beside the times, which at a load of 8 on 2 cores are four times as long.
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { bigSym, type KnownFunction } from '#shared/symbols/index/testing/big-sym.ts'
import { createToken, type Fleet, mayday, startFleet } from '../support/fleet.ts'
import { bench as benchStackwalk } from './stackwalk.ts'

const MB = 1_000_000
const SYM_MB = 250
const SEED = 7
const FRAMES = 200
const CLIENTS = 4
const COLD_ROUNDS = 3
const WARM_ROUNDS = 30
const UPLOAD_DEADLINE_MS = 10 * 60_000
const MODULE = ['libbig.so', '5E1D0F3C2B4A69788796A5B4C3D2E1F00']

interface Answer {
  readonly results: readonly {
    readonly stacks: readonly (readonly { readonly function?: string }[])[]
    readonly found_modules: Readonly<Record<string, boolean | null>>
    readonly module_errors?: object
  }[]
  readonly debug?: { readonly downloads: { readonly count: number; readonly size: number } }
}

async function post(fleet: Fleet, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(`${fleet.url}/symbolicate/v5`, { method: 'POST', body, headers })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status} ${text.slice(0, 300)}`)
  return JSON.parse(text)
}

const bodyOf = (functions: readonly KnownFunction[]) =>
  JSON.stringify({
    memoryMap: [MODULE],
    stacks: [functions.map(({ address, size }) => [0, address + Math.floor(size / 2)])],
  })

/** Milliseconds of one request, whose names must all be right. */
async function timed(fleet: Fleet, functions: readonly KnownFunction[]): Promise<number> {
  const body = bodyOf(functions)
  const startedAt = performance.now()
  const { results } = await post(fleet, body)
  const ms = performance.now() - startedAt
  const frames = results[0]?.stacks[0] ?? []
  const wrong = functions.findIndex(({ name }, at) => frames[at]?.function !== name)
  if (wrong >= 0) throw new Error(`frame ${wrong}: ${frames[wrong]?.function} is not ${functions[wrong]?.name}`)
  return ms
}

/** Functions spread over the whole file, none twice. */
function drawn(functions: readonly KnownFunction[], sets: number): readonly (readonly KnownFunction[])[] {
  const step = Math.floor(functions.length / (sets * FRAMES))
  return Array.from({ length: sets }, (_, set) =>
    Array.from({ length: FRAMES }, (_, at) => functions[(at * sets + set) * step] ?? { address: 0, size: 0, name: '' }),
  )
}

async function upload(
  fleet: Fleet,
  file: string,
): Promise<{ readonly uploadSeconds: number; readonly indexSeconds: number }> {
  const token = await createToken(fleet, ['upload_symbols'])
  const startedAt = performance.now()
  const { code, stderr } = await mayday(
    ['upload-symbols', '--url', fleet.url, '--token', token, file],
    {},
    UPLOAD_DEADLINE_MS,
  )
  if (code !== 0) throw new Error(stderr)
  const uploadedAt = performance.now()
  for (;;) {
    const { results } = await post(fleet, JSON.stringify({ memoryMap: [MODULE], stacks: [[[0, -1]]] }))
    if (results[0]?.found_modules[MODULE.join('/')] === true) break
    if (performance.now() - uploadedAt > UPLOAD_DEADLINE_MS) throw new Error(JSON.stringify(results[0]?.module_errors))
    await sleep(250)
  }
  return { uploadSeconds: (uploadedAt - startedAt) / 1_000, indexSeconds: (performance.now() - uploadedAt) / 1_000 }
}

/** A fleet whose Workers are awake and know nothing of the file. */
async function freshFleet(fleet: Fleet): Promise<Fleet> {
  const fresh = await fleet.restart()
  await post(fresh, JSON.stringify({ memoryMap: [['gone.so', 'AB']], stacks: [[[0, 1]]] }))
  return fresh
}

const shown = (times: readonly number[]) => {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, ${times.length} requests`
}

/** Prints goal and seen. */
export async function bench(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mayday-bench-symbolication-'))
  let fleet: Fleet | null = null
  try {
    const functions: KnownFunction[] = []
    const file = path.join(folder, `${MODULE[0]}.sym`)
    const text = bigSym({ bytes: SYM_MB * MB, seed: SEED, originShare: 0.07, isLocal: true }, (known) =>
      functions.push(known),
    )
    await pipeline(Readable.from(text), createWriteStream(file))
    fleet = await startFleet({ empty: true })
    const { uploadSeconds, indexSeconds } = await upload(fleet, file)
    print(
      `${SYM_MB} MB, ${functions.length} FUNC: uploaded in ${uploadSeconds.toFixed(1)} s, indexed ${indexSeconds.toFixed(1)} s later`,
    )

    const sets = drawn(functions, CLIENTS)
    const [first = []] = sets
    const ways: readonly (readonly [name: string, clients: readonly (readonly KnownFunction[])[]])[] = [
      ['1 client', [first]],
      ['4 clients, same frames', sets.map(() => first)],
      ['4 clients, own frames', sets],
    ]
    for (const [name, clients] of ways) {
      print(`${name}, load ${loadavg()[0]?.toFixed(1)}:`)
      const cold: number[] = []
      for (let round = 0; round < COLD_ROUNDS; round++) {
        fleet = await freshFleet(fleet)
        const current = fleet
        cold.push(...(await Promise.all(clients.map((set) => timed(current, set)))))
      }
      const warm: number[] = []
      const current = fleet
      await Promise.all(
        clients.map(async (set) => {
          for (let round = 0; round < WARM_ROUNDS; round++) warm.push(await timed(current, set))
        }),
      )
      print(`  cold, ${FRAMES} frames (goal 300 ms): ${shown(cold)}`)
      print(`  warm, ${FRAMES} frames (goal 20 ms): ${shown(warm)}`)
    }
    fleet = await freshFleet(fleet)
    const { debug } = await post(fleet, bodyOf(first), { Debug: '1' })
    print(`a cold request reads ${debug?.downloads.count} ranges, ${debug?.downloads.size} bytes`)
  } finally {
    await fleet?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  print('stackwalk with partial symbol files:')
  await benchStackwalk(print)
}
