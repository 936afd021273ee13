/** What is searched in bytes with Node's built-in modules (`nodejs_compat`), beside types/node-hashes.d.ts: a delimiter, an environment. */
declare module 'node:buffer' {
  export const Buffer: {
    /** A view on the same bytes. */
    from(
      buffer: ArrayBufferLike,
      offset: number,
      length: number,
    ): {
      indexOf(wanted: Uint8Array): number
      /** One character a byte. */
      toString(encoding: 'latin1'): string
    }
  }
}
