import { closeSync, createReadStream, createWriteStream, openSync, rmSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { crc32, createDeflateRaw, createGunzip } from 'node:zlib'
import { Zip, type ZipInputFile } from 'fflate'
import type { SymbolKey } from '#shared/symbols/key.ts'
import type { SymbolFile } from './symbol-files.ts'

/** A zip with more compressed data is started anew: up to 20 MiB and 200 members the server unpacks before it answers. */
export const MAX_ZIP_DATA_BYTES = 20 * 1024 * 1024
export const MAX_ZIP_MEMBERS = 200
/** Room for headers and the directory under the server's limit. */
const MEMBER_OVERHEAD_BYTES = 2_048
/** Plain zips end here; a larger sym file cannot be packed. */
const MAX_MEMBER_BYTES = 0xffff_ffff
const DEFLATE = 8

type FileToPack = Extract<SymbolFile, { kind: 'file' }>

/** A zip on disk, or a file that could not be packed. */
export type PackedZip =
  | { readonly kind: 'zip'; readonly path: string; readonly keys: readonly SymbolKey[] }
  | { readonly kind: 'unreadable'; readonly path: string; readonly detail: string }

interface Member {
  readonly key: SymbolKey
  readonly spool: string
  readonly compressedBytes: number
  readonly bytes: number
  readonly crc: number
}

/**
 * Packs symbol files into zips of at most {@link MAX_ZIP_DATA_BYTES} compressed, one at a time, in `folder`; the caller removes each.
 * A single larger file gets a zip of its own. Files are streamed: a sym file of a gigabyte is never in memory.
 */
export async function* packSymbolZips(
  files: readonly FileToPack[],
  folder: string,
  maxDataBytes = MAX_ZIP_DATA_BYTES,
): AsyncGenerator<PackedZip> {
  let members: Member[] = []
  let dataBytes = 0
  let zips = 0
  const close = async (): Promise<PackedZip> => {
    const zip = await writeZip(members, path.join(folder, `symbols-${zips++}.zip`))
    members = []
    dataBytes = 0
    return zip
  }
  for (const [index, file] of files.entries()) {
    const packed = await compress(file, path.join(folder, `${index}.deflate`))
    if (packed.kind === 'unreadable') {
      yield packed
      continue
    }
    const { member } = packed
    const memberBytes = member.compressedBytes + MEMBER_OVERHEAD_BYTES
    if (members.length > 0 && (dataBytes + memberBytes > maxDataBytes || members.length >= MAX_ZIP_MEMBERS))
      yield await close()
    members.push(member)
    dataBytes += memberBytes
  }
  if (members.length > 0) yield await close()
}

type Compressed =
  | { readonly kind: 'member'; readonly member: Member }
  | { readonly kind: 'unreadable'; readonly path: string; readonly detail: string }

async function compress(file: FileToPack, spool: string): Promise<Compressed> {
  let bytes = 0
  let crc = 0
  const measure = async function* (content: AsyncIterable<Uint8Array>) {
    for await (const chunk of content) {
      bytes += chunk.length
      crc = crc32(chunk, crc)
      yield chunk
    }
  }
  try {
    const source = createReadStream(file.path)
    if (file.gzip) await pipeline(source, createGunzip(), measure, createDeflateRaw(), createWriteStream(spool))
    else await pipeline(source, measure, createDeflateRaw(), createWriteStream(spool))
  } catch (thrown) {
    rmSync(spool, { force: true })
    return { kind: 'unreadable', path: file.path, detail: thrown instanceof Error ? thrown.message : String(thrown) }
  }
  if (bytes > MAX_MEMBER_BYTES) {
    rmSync(spool, { force: true })
    return { kind: 'unreadable', path: file.path, detail: 'it is larger than 4 GiB' }
  }
  return { kind: 'member', member: { key: file.key, spool, compressedBytes: statSync(spool).size, bytes, crc } }
}

async function writeZip(members: readonly Member[], file: string): Promise<PackedZip> {
  const target = openSync(file, 'w')
  try {
    const zip = new Zip((error, chunk) => {
      if (error !== null) throw error
      writeSync(target, chunk)
    })
    for (const member of members) {
      // The members are compressed already: fflate writes the headers around them.
      const entry: ZipInputFile = { filename: member.key, size: member.bytes, crc: member.crc, compression: DEFLATE }
      zip.add(entry)
      for await (const chunk of createReadStream(member.spool)) entry.ondata?.(null, chunk, false)
      entry.ondata?.(null, new Uint8Array(0), true)
      rmSync(member.spool)
    }
    zip.end()
  } finally {
    closeSync(target)
  }
  return { kind: 'zip', path: file, keys: members.map((member) => member.key) }
}
