/** How the stackwalker found a frame, in words that say how far to believe it. */
export interface Trust {
  readonly name: string
  /** For a tooltip on every frame. */
  readonly brief: string
  readonly means: string
  /** Colours the chip: green-ish for unwound by rules, amber for guessed. */
  readonly confidence: 'sure' | 'good' | 'guess' | 'unknown'
}

/** The frame trusts of the stock stackwalker's JSON, most trusted first. */
export const TRUSTS: readonly Trust[] = [
  {
    name: 'context',
    brief: 'from saved registers',
    means: 'Read from the registers that the crash saved: where this thread was. Can only be wrong if the dump is.',
    confidence: 'sure',
  },
  {
    name: 'prewalked',
    brief: 'given by the program itself',
    means: 'Given by the program itself, which had walked its own stack before it wrote the dump.',
    confidence: 'sure',
  },
  {
    name: 'cfi',
    brief: 'by call frame information',
    means: "Unwound with call frame information from the module's symbols. Reliable.",
    confidence: 'good',
  },
  {
    name: 'frame_pointer',
    brief: 'by the frame pointer',
    means: 'Followed the frame pointer. Right for code that keeps one; without it, a frame may be skipped.',
    confidence: 'good',
  },
  {
    name: 'cfi_scan',
    brief: 'found by scanning, confirmed',
    means: 'Found by scanning the stack, then confirmed with call frame information. Probably right.',
    confidence: 'guess',
  },
  {
    name: 'scan',
    brief: 'guessed by scanning the stack',
    means:
      'A word on the stack that looks like a return address. It may be left over from an earlier call: doubt this frame and those below.',
    confidence: 'guess',
  },
  {
    name: 'none',
    brief: 'not said',
    means: 'The stackwalker does not say how it found this frame.',
    confidence: 'unknown',
  },
]

/** The trust of that name; one that no stackwalker of ours knows is shown by its name. */
export function trustNamed(name: string): Trust {
  return (
    TRUSTS.find((trust) => trust.name === name) ?? {
      name,
      brief: 'unknown trust',
      means: 'A frame trust that this version of Mayday does not know.',
      confidence: 'unknown',
    }
  )
}
