import { IRRELEVANT_FRAMES } from './default-lists/irrelevant-frames.ts'
import { PREFIX_FRAMES } from './default-lists/prefix-frames.ts'
import { SENTINEL_FRAMES } from './default-lists/sentinel-frames.ts'
import { readSignatureLists, type SignatureLists, type SignatureListTexts } from './lists.ts'

/**
 * Mayday's own signature lists (docs/signatures.md): what says nothing about a cause on the common platforms. Other lists give other signatures,
 * which is why a signature is stored with the hash of its lists.
 */
export const DEFAULT_LIST_TEXTS: SignatureListTexts = {
  irrelevant: IRRELEVANT_FRAMES,
  prefix: PREFIX_FRAMES,
  sentinels: SENTINEL_FRAMES,
  /** Functions so large that only the line tells crashes in them apart belong to a program, not to a platform: none here. */
  withLineNumbers:
    '\n# Functions so large that only the line tells crashes in them apart, such as an interpreter loop. None by default.\n',
}

/** {@link DEFAULT_LIST_TEXTS}, compiled. Throws only if a line above is broken, which a test shows. */
export function defaultSignatureLists(): SignatureLists {
  const reading = readSignatureLists(DEFAULT_LIST_TEXTS)
  if (reading.kind === 'bad_pattern')
    throw new Error(`${reading.file}:${reading.line} does not compile: ${reading.pattern}`)
  return reading.lists
}
