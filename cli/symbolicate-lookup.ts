import { z } from 'zod'
import type { LocalSymbols } from './local-symbols.ts'
import { faultText } from './local-symbols-server.ts'
import { connectionText } from './submit.ts'

/** A name for an address. */
export interface NamedAddress {
  readonly function: string
  readonly file: string | null
  readonly line: number | null
  /** Innermost first. */
  readonly inlines: readonly { readonly function: string; readonly file: string | null; readonly line: number | null }[]
}

/** What is known of one address. Reasons are those of the symbol server (docs/howto/symbolicate.md), and two more. */
export type AddressName =
  | { readonly kind: 'named'; readonly name: NamedAddress }
  | { readonly kind: 'unnamed'; readonly reason: string }

/** An address of a module that symbols may know. */
export interface WantedAddress {
  readonly debugFile: string
  readonly debugId: string
  readonly offset: bigint
}

/** Names of addresses, in the order asked. Never throws. */
export type AddressLookup = (wanted: readonly WantedAddress[]) => Promise<readonly AddressName[]>

/** No function is at the address. */
const NO_FUNCTION: AddressName = { kind: 'unnamed', reason: 'no_function' }
const unnamed = (reason: string): AddressName => ({ kind: 'unnamed', reason })

/** Looks up in the sym files of a folder. `onFault` hears what could not be read. */
export function folderLookup(symbols: LocalSymbols, onFault: (text: string) => void): AddressLookup {
  return async (wanted) => {
    const names = wanted.map(() => NO_FUNCTION)
    for (const [{ debugFile, debugId }, places] of byModule(wanted)) {
      const addresses = places.map((place) => wanted[place]?.offset ?? 0n)
      try {
        const found = await symbols.lookup({ debug_file: debugFile, debug_id: debugId, addresses })
        for (const [at, place] of places.entries()) {
          names[place] = found.kind === 'found' ? nameOf(found.symbols[at]) : unnamed(found.kind)
        }
      } catch (thrown) {
        onFault(`${debugFile}: ${connectionText(thrown)}.`)
        for (const place of places) names[place] = unnamed('unavailable')
      }
    }
    return names
  }
}

type Found = Extract<Awaited<ReturnType<LocalSymbols['lookup']>>, { kind: 'found' }>['symbols'][number]

function nameOf(symbol: Found | undefined): AddressName {
  switch (symbol?.kind) {
    case 'function': {
      const { name, file, line, inlines } = symbol
      return { kind: 'named', name: { function: name, file, line, inlines } }
    }
    case 'public':
      return { kind: 'named', name: { function: symbol.name, file: null, line: null, inlines: [] } }
    default:
      return NO_FUNCTION
  }
}

/** The symbol server looks up for 25 s before it answers what it has. */
const REMOTE_DEADLINE_MS = 60_000
/** Of one request; the symbol server takes 100,000. */
const MAX_ADDRESSES_A_REQUEST = 5_000
/** Names that symbolication takes (specs of v5). One other name would refuse the whole request. */
const TAKEN_NAME = /^[A-Za-z0-9_.+{}@<> ~-]+$/
const TAKEN_ID = /^[0-9A-Fa-f]+$/

const answerSchema = z.object({
  results: z.tuple([
    z.object({
      stacks: z.array(
        z.array(
          z.object({
            function: z.string().optional(),
            file: z.string().nullish(),
            line: z.number().nullish(),
            inlines: z
              .array(z.object({ function: z.string(), file: z.string().nullish(), line: z.number().nullish() }))
              .default([]),
          }),
        ),
      ),
      module_errors: z.record(z.string(), z.array(z.object({ name: z.string() }))).default({}),
    }),
  ]),
})

/** Looks up with `POST /symbolicate/v5`. `onFault` hears why there was no answer. */
export function remoteLookup(origin: string, token: string | null, onFault: (text: string) => void): AddressLookup {
  const askServer = async (wanted: readonly WantedAddress[]): Promise<readonly AddressName[]> => {
    const modules = [...byModule(wanted)]
    const stack = modules.flatMap(([, places], at) => places.map((place) => `[${at},${wanted[place]?.offset ?? 0n}]`))
    const memoryMap = JSON.stringify(modules.map(([{ debugFile, debugId }]) => [debugFile, debugId]))
    try {
      const response = await fetch(new URL('/symbolicate/v5', origin), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(token === null ? {} : { 'Auth-Token': token }) },
        // Offsets above 2^53 are exact only as text.
        body: `{"jobs":[{"memoryMap":${memoryMap},"stacks":[[${stack.join(',')}]]}]}`,
        signal: AbortSignal.timeout(REMOTE_DEADLINE_MS),
      })
      if (response.status !== 200) {
        onFault(faultText(origin, response.status))
        return wanted.map(() => unnamed('unavailable'))
      }
      const { results } = answerSchema.parse(await response.json())
      const [{ stacks, module_errors }] = results
      const names = wanted.map(() => NO_FUNCTION)
      let at = 0
      for (const [{ debugFile, debugId }, places] of modules) {
        const error = module_errors[`${debugFile}/${debugId}`]?.[0]?.name
        for (const place of places) {
          const frame = stacks[0]?.[at++]
          const known = frame?.function
          if (frame === undefined || known === undefined)
            names[place] = error === undefined ? NO_FUNCTION : unnamed(error)
          else names[place] = { kind: 'named', name: named(known, frame) }
        }
      }
      return names
    } catch (thrown) {
      onFault(
        thrown instanceof z.ZodError
          ? `${origin} answered symbolication in an unknown form: is it a Mayday symbol server?`
          : `${origin} gave no names: ${connectionText(thrown)}.`,
      )
      return wanted.map(() => unnamed('unavailable'))
    }
  }
  return async (wanted) => {
    const names = wanted.map(() => unnamed('missing'))
    const asked = [...wanted.entries()].filter(
      ([, { debugFile, debugId }]) => TAKEN_NAME.test(debugFile) && TAKEN_ID.test(debugId),
    )
    for (let from = 0; from < asked.length; from += MAX_ADDRESSES_A_REQUEST) {
      const part = asked.slice(from, from + MAX_ADDRESSES_A_REQUEST)
      const answers = await askServer(part.map(([, address]) => address))
      for (const [at, [place]] of part.entries()) names[place] = answers[at] ?? NO_FUNCTION
    }
    return names
  }
}

type RemoteFrame = z.infer<typeof answerSchema>['results'][0]['stacks'][number][number]

function named(known: string, { file, line, inlines }: RemoteFrame): NamedAddress {
  return {
    function: known,
    file: file ?? null,
    line: line ?? null,
    inlines: inlines.map((inline) => ({
      function: inline.function,
      file: inline.file ?? null,
      line: inline.line ?? null,
    })),
  }
}

/** The modules of the addresses, each with the places of its addresses, in order of appearance. */
function byModule(
  wanted: readonly WantedAddress[],
): ReadonlyMap<Pick<WantedAddress, 'debugFile' | 'debugId'>, readonly number[]> {
  const keys = new Map<string, Pick<WantedAddress, 'debugFile' | 'debugId'>>()
  const places = new Map<Pick<WantedAddress, 'debugFile' | 'debugId'>, number[]>()
  for (const [place, { debugFile, debugId }] of wanted.entries()) {
    const text = `${debugFile}/${debugId}`
    const key = keys.get(text) ?? { debugFile, debugId }
    keys.set(text, key)
    const known = places.get(key)
    if (known === undefined) places.set(key, [place])
    else known.push(place)
  }
  return places
}
