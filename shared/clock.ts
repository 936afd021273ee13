/** The current time in milliseconds since the epoch. Injected, so that a test can stand at 23:59:59.999 UTC. */
export type Clock = () => number

/** Fills `bytes` with random bytes. Injected, so that a test can name the crash id it will see. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>

/** The platform's clock: the only place in the product that reads it. */
export const systemClock: Clock = () => Date.now()

/** The platform's cryptographic randomness: the only place in the product that reads it. */
export const systemRandomBytes: RandomBytes = (bytes) => crypto.getRandomValues(bytes)

/** The UTC day of an instant as `YYYYMMDD`, the form of day in R2 keys. */
export function utcDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '')
}

/** The UTC hour of an instant as `YYYYMMDDHH`. */
export function utcHour(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 13).replace(/[-T]/g, '')
}
