import { DumpBytes } from '#shared/minidump/dump-bytes.ts'
import { type Stripped, stripEnvironment } from '#shared/minidump/environment.ts'
import type { Products } from '#shared/products/products.ts'
import { PRIMARY_DUMP_NAME } from '#shared/store/crash-keys.ts'
import type { Payload } from './payload-parts.ts'

/** What was taken out of the minidumps of a report: by dump name, and what to note. Null where nothing was to be. */
export interface StrippedDumps {
  readonly stripped: Readonly<Record<string, readonly Stripped[]>>
  readonly notes: readonly string[]
}

/**
 * Takes environment, auxiliary vector and command line out of a report's minidumps, in place, where its product asks for it (`strip_environment` of
 * products.json). Null products: CONFIG has not answered since this isolate began, and nobody knows. Then they are taken out, because a person's secrets
 * cannot be taken back. Checksums were made before, of what was received.
 */
export function stripDumps({ annotations, dumps }: Payload, products: Products | null): StrippedDumps | null {
  const product = products?.products.find(({ name }) => name === annotations.ProductName)
  if (products !== null && product?.strip_environment !== true) return null
  const stripped: Record<string, readonly Stripped[]> = {}
  const notes: string[] = []
  for (const [dumpName, { bytes }] of dumps) {
    if (!dumpName.startsWith(PRIMARY_DUMP_NAME)) continue
    const stripping = stripEnvironment(new DumpBytes(bytes))
    if (stripping.kind === 'stripped') stripped[dumpName] = stripping.stripped
    else notes.push(`environment not stripped: ${dumpName} is no readable minidump`)
  }
  return { stripped, notes }
}
