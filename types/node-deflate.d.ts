/**
 * What the columns of the search shards and the blocks of the symbol index take from Node's zlib, beside types/node-inflate.d.ts: whole
 * blobs and blocks at a time, without a stream.
 */
declare module 'node:zlib' {
  export function deflateRawSync(
    bytes: Uint8Array,
    options?: { level: number; chunkSize: number },
  ): Uint8Array<ArrayBuffer>
  export function inflateRawSync(bytes: Uint8Array, options?: { maxOutputLength: number }): Uint8Array<ArrayBuffer>
}
