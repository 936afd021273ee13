/** What the collector takes from Node's built-in modules, beside types/node-hashes.d.ts. */
declare module 'node:crypto' {
  export function createHash(algorithm: 'sha256'): Hash
}

declare module 'node:zlib' {
  /** A running inflation: bytes are written in, output is iterated. */
  interface InflateRaw extends AsyncIterable<Uint8Array<ArrayBuffer>> {
    /** Compressed bytes used so far; what was written beyond the end of the deflate stream is not. */
    readonly bytesWritten: number
    readonly destroyed: boolean
    write(bytes: Uint8Array, used: (error?: Error | null) => void): boolean
    end(): void
    destroy(error?: Error): void
  }
  export function createInflateRaw(options: { chunkSize: number }): InflateRaw
  export function gzipSync(bytes: Uint8Array | string): Uint8Array<ArrayBuffer>
}
