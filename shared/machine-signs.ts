/**
 * Signs in a processed crash that the computer, rather than the program, may have a problem. Whoever sent the crash is told so on its page, worded `may`
 * (DESIGN.md section 4): none of these proves anything.
 */

/** What may be wrong with the computer. */
export type MachineProblem = 'memory' | 'disk' | 'out_of_memory'

/** One sign: a field of the processed crash, and when it counts. */
export type MachineSign = {
  readonly problem: MachineProblem
  readonly field: string
  /** Why just this and from here on. */
  readonly why: string
} & (
  | { readonly atLeast: number }
  /** Starts of the text. */
  | { readonly startsWith: readonly string[] }
)

/** A bit flip of this confidence or more, in percent, is a likely one. */
export const LIKELY_BIT_FLIP_PERCENT = 75

/** All signs there are. A change here changes what people are told, of crashes processed long ago too. */
export const MACHINE_SIGNS: readonly MachineSign[] = [
  {
    problem: 'memory',
    field: 'possible_bit_flips_max_confidence',
    atLeast: LIKELY_BIT_FLIP_PERCENT,
    why: 'Flipping one bit of a register makes the address valid. Below 75 % a wild pointer of the program explains it as well.',
  },
  {
    problem: 'memory',
    field: 'reason',
    startsWith: ['SIGBUS / BUS_MCEERR_AR', 'SIGBUS / BUS_MCEERR_AO'],
    why: 'The processor told Linux that a memory module failed: a machine check, no guess.',
  },
  {
    problem: 'disk',
    field: 'reason',
    startsWith: ['EXCEPTION_IN_PAGE_ERROR'],
    why: 'Windows could not read a page of a file that the program had mapped, such as its own code: disk, cable, stick or network drive.',
  },
  {
    problem: 'disk',
    field: 'reason',
    startsWith: ['EXC_BAD_ACCESS / KERN_MEMORY_ERROR', 'EXC_BAD_ACCESS / KERN_MEMORY_FAILURE'],
    why: 'The same of macOS. The nearest of Linux, BUS_ADRERR, is no sign: a file that another program cut short, as an update may, ends so too.',
  },
  {
    problem: 'out_of_memory',
    field: 'oom_allocation_size',
    atLeast: 1,
    why: 'The program said that it was refused this many bytes.',
  },
  {
    problem: 'out_of_memory',
    field: 'reason',
    startsWith: ['Out of Memory'],
    why: 'The exception with which Chromium’s and Windows’ allocators end a process.',
  },
  {
    problem: 'out_of_memory',
    field: 'signature',
    startsWith: ['OOM | '],
    why: 'The signature rule knows the functions in which programs end when they get no memory, where no size was sent.',
  },
]

/** What the computer may have, each once, in the order of the table. */
export function machineProblems(processedCrash: Readonly<Record<string, unknown>>): readonly MachineProblem[] {
  const met = MACHINE_SIGNS.filter((sign) => isMet(sign, processedCrash[sign.field]))
  return [...new Set(met.map(({ problem }) => problem))]
}

function isMet(sign: MachineSign, value: unknown): boolean {
  if ('atLeast' in sign) return typeof value === 'number' && value >= sign.atLeast
  return typeof value === 'string' && sign.startsWith.some((start) => value.startsWith(start))
}
