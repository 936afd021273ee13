/**
 * The two things that Workers take from Node's built-in modules (`nodejs_compat`). The whole of @types/node would bring Node's globals,
 * which workerd does not have.
 */
declare module 'node:crypto' {
  interface Hash {
    update(bytes: Uint8Array): Hash
    digest(encoding: 'hex'): string
  }
  export function createHash(algorithm: 'md5'): Hash
}

declare module 'node:zlib' {
  /** The CRC-32 of bytes that follow others, whose CRC-32 is `value`. */
  export function crc32(bytes: Uint8Array, value?: number): number
}
