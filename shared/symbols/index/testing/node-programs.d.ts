/**
 * What the tests of the index, which run in Node, take from it to run programs and to hold files that are too big for memory. See
 * types/node-files.d.ts for why it is not all of @types/node.
 */
declare module 'node:child_process' {
  interface Ended {
    /** Null when it was killed or could not be started. */
    readonly status: number | null
    readonly stdout: string
    readonly stderr: string
    readonly error?: Error
  }
  interface Options {
    readonly cwd?: string
    readonly input?: string
    readonly encoding: 'utf8'
    readonly maxBuffer?: number
    readonly timeout?: number
  }
  export function spawnSync(program: string, args: readonly string[], options: Options): Ended
}

declare module 'node:fs' {
  export function openSync(path: string, flags: 'r' | 'w' | 'w+'): number
  export function closeSync(file: number): void
  export function fstatSync(file: number): { readonly size: number }
  export function readSync(
    file: number,
    into: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): number
  export function writeSync(file: number, bytes: Uint8Array): number
  export function rmSync(path: string, options: { readonly recursive?: boolean; readonly force?: boolean }): void
  export function mkdtempSync(prefix: string): string
}

declare module 'node:os' {
  export function tmpdir(): string
}

declare module 'node:process' {
  interface Process {
    readonly argv: readonly string[]
    readonly execPath: string
    /** Microseconds since the start of the process. */
    cpuUsage(): { readonly user: number; readonly system: number }
    memoryUsage(): { readonly heapUsed: number; readonly external: number; readonly rss: number }
  }
  const process: Process
  export default process
}
