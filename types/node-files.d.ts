/**
 * The two things that unit tests, which run in Node, take from it to read test/fixtures. Paths are relative to the repository.
 * The whole of @types/node would bring Node's globals to code that runs in workerd.
 */
declare module 'node:fs' {
  export function readFileSync(path: string): Uint8Array<ArrayBuffer>
  export function readFileSync(path: string, encoding: 'utf8'): string
}

declare module 'node:zlib' {
  export function gunzipSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>
}
