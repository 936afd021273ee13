import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { RangeSource } from '../../range-source.ts'

/** An index file, read by range. */
export function fileSource(path: string): RangeSource & { close(): void } {
  const file = openSync(path, 'r')
  const { size } = fstatSync(file)
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset))
    },
    close: () => closeSync(file),
  }
}
