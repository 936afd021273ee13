/** What the columns of the search shards take from Node's built-in modules: whole blobs at a time, as SQLite is synchronous. */
declare module 'node:zlib' {
  export function deflateRawSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>
  export function inflateRawSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>
}
