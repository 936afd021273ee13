import { asFlag, asList, asNumber, asRecord, asText } from './json-value.ts'

type Json = Readonly<Record<string, unknown>>

/** What the crashing instruction did with memory. */
export interface MemoryAccess {
  /** `read 8 bytes`. */
  readonly what: string
  readonly address: string
  /** Protected: only there for viewers with view_pii. */
  readonly guardPage: boolean
}

/** A bit whose flipping would make sense of the crash. */
export interface BitFlip {
  readonly register: string | null
  /** What the register or address would have been. */
  readonly address: string
  readonly confidencePercent: number | null
  readonly details: readonly string[]
}

/** What the stackwalker found out about why it crashed. */
export interface Cause {
  readonly instruction: string | null
  readonly accesses: readonly MemoryAccess[]
  /** Where the instruction would have gone on, when that is what was wrong. */
  readonly jump: string | null
  readonly bitFlips: readonly BitFlip[]
  readonly inconsistencies: readonly string[]
}

/** Candidates of one dump: a 64-bit address has 64. */
const MAX_SHOWN_BIT_FLIPS = 16

/** Reads `json_dump.crash_info`. */
export function causeOf(crash: Json): Cause {
  const info = asRecord(asRecord(crash.json_dump).crash_info)
  const update = asRecord(info.instruction_pointer_update)
  const jump = asText(update.address)
  const inconsistencies = asList(crash.crash_inconsistencies ?? info.crash_inconsistencies)
  return {
    instruction: asText(info.instruction),
    accesses: asList(info.memory_accesses).flatMap((access) => memoryAccess(asRecord(access))),
    jump: jump === null ? null : [asText(update.kind), jump].filter(Boolean).join(' to '),
    bitFlips: asList(info.possible_bit_flips)
      .flatMap((flip) => bitFlip(asRecord(flip)))
      .sort((left, right) => (right.confidencePercent ?? 0) - (left.confidencePercent ?? 0))
      .slice(0, MAX_SHOWN_BIT_FLIPS),
    inconsistencies: inconsistencies.flatMap((one) => inconsistencyText(asText(one)) ?? []),
  }
}

/** Whether there is anything to show. */
export function hasCause({ instruction, accesses, jump, bitFlips, inconsistencies }: Cause): boolean {
  return instruction !== null || jump !== null || [accesses, bitFlips, inconsistencies].some(({ length }) => length > 0)
}

function memoryAccess(access: Json): readonly MemoryAccess[] {
  const address = asText(access.address)
  if (address === null) return []
  const size = asNumber(access.size)
  const bytes = size === null ? '' : ` ${size} ${size === 1 ? 'byte' : 'bytes'}`
  return [
    {
      what: `${asText(access.access_type) ?? 'access'}${bytes}`,
      address,
      guardPage: asFlag(access.is_likely_guard_page),
    },
  ]
}

const DETAILS: readonly (readonly [key: string, text: string])[] = [
  ['was_non_canonical', 'the address as it was is impossible on this CPU'],
  ['is_null', 'it would have been a null pointer'],
  ['was_low', 'the address as it was is small: likelier an offset from a null pointer'],
  ['poison_registers', 'registers hold the patterns of freed memory: likelier a use after free'],
]

function bitFlip(flip: Json): readonly BitFlip[] {
  const address = asText(flip.address)
  if (address === null) return []
  const confidence = asNumber(flip.confidence)
  const details = asRecord(flip.details)
  const near = asNumber(details.nearby_registers)
  return [
    {
      register: asText(flip.source_register),
      address,
      confidencePercent: confidence === null ? null : Math.floor(confidence * 100),
      details: [
        ...DETAILS.filter(([key]) => asFlag(details[key])).map(([, text]) => text),
        ...(near === null || near <= 0
          ? []
          : [`${near} other ${near === 1 ? 'register is' : 'registers are'} near it`]),
      ],
    },
  ]
}

/** The stackwalker's names of inconsistencies, in words. */
const INCONSISTENCIES: ReadonlyMap<string, string> = new Map([
  ['int_div_by_zero_not_possible', 'a division by zero is reported, but the instruction does not divide'],
  ['priv_instruction_crash_without_priv_instruction', 'a privileged instruction is reported, but it is none'],
  ['non_canonical_address_falsely_reported', 'an impossible address is reported, but the instruction used none'],
  ['access_violation_when_access_allowed', 'an access violation is reported, but the access was allowed'],
  ['crashing_access_not_found_in_memory_accesses', 'the reported address is none that the instruction used'],
])

function inconsistencyText(name: string | null): string | null {
  if (name === null) return null
  return INCONSISTENCIES.get(name.toLowerCase()) ?? name.replaceAll('_', ' ')
}
