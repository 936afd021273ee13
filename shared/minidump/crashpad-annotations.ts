import { MAX_CRASHPAD_ANNOTATIONS, MAX_CRASHPAD_TEXT_BYTES } from '../limits.ts'
import { type MinidumpDirectory, placeAt, STREAM, streamView } from './directory.ts'
import type { DumpBytes, Place } from './dump-bytes.ts'

/** Annotation objects have a type; texts are the only ones that say something without the program's source. */
const TEXT = 1

/**
 * The annotations that Crashpad put into the dump: those of the process, then those of its modules (simple ones, and objects of type text). The first of a
 * name wins. What lies outside the file or above MAX_CRASHPAD_ANNOTATIONS is not there.
 */
export function readCrashpadAnnotations(dump: DumpBytes, directory: MinidumpDirectory): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>()
  const info = streamView(dump, directory, STREAM.crashpadInfo, 52)
  if (info === null || info.byteLength < 52) return annotations
  const add = (name: string, value: string) => {
    if (name !== '' && !annotations.has(name) && annotations.size < MAX_CRASHPAD_ANNOTATIONS)
      annotations.set(name, value)
  }
  let left = MAX_CRASHPAD_ANNOTATIONS
  const entries = (place: Place, entryBytes: number): readonly DataView[] => {
    const found = entriesAt(dump, place, entryBytes, left)
    left -= found.length
    return found
  }
  const addSimple = (place: Place) => {
    for (const entry of entries(place, 8))
      add(textAt(dump, entry.getUint32(0, true)), textAt(dump, entry.getUint32(4, true)))
  }
  addSimple(placeAt(info, 36))
  for (const module of entries(placeAt(info, 44), 12)) {
    const place = placeAt(module, 4)
    const view = place.bytes < 28 ? null : dump.view({ at: place.at, bytes: 28 })
    if (view === null) continue
    addSimple(placeAt(view, 12))
    for (const object of entries(placeAt(view, 20), 12)) {
      if (object.getUint16(4, true) !== TEXT) continue
      add(textAt(dump, object.getUint32(0, true)), textAt(dump, object.getUint32(8, true)))
    }
  }
  return annotations
}

function entriesAt(dump: DumpBytes, place: Place, entryBytes: number, maxEntries: number): readonly DataView[] {
  const count = place.bytes < 4 ? 0 : (dump.view({ at: place.at, bytes: 4 })?.getUint32(0, true) ?? 0)
  const whole = Math.max(0, Math.min(count, maxEntries, Math.floor((place.bytes - 4) / entryBytes)))
  const list = dump.view({ at: place.at + 4, bytes: whole * entryBytes })
  if (list === null) return []
  return Array.from(
    { length: whole },
    (_, index) => new DataView(list.buffer, list.byteOffset + index * entryBytes, entryBytes),
  )
}

/** Text of Crashpad: its length, then UTF-8. Too long or outside the file: empty. */
function textAt(dump: DumpBytes, at: number): string {
  const bytes = at === 0 ? 0 : (dump.view({ at, bytes: 4 })?.getUint32(0, true) ?? 0)
  const text = bytes > MAX_CRASHPAD_TEXT_BYTES ? null : dump.view({ at: at + 4, bytes })
  return text === null ? '' : new TextDecoder().decode(text)
}
