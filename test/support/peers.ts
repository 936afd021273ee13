import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/**
 * Programs of others that speak to the symbol server. `npm run peers` installs them into this folder (or where
 * MAYDAY_PEERS says), once a machine: building one takes minutes.
 */
export const PEERS_FOLDER = process.env.MAYDAY_PEERS ?? path.join(homedir(), '.cache', 'mayday-peers')

/** What `npm run peers` writes of a client that it could not install: why. */
export const notInstalledFile = (client: string) => path.join(PEERS_FOLDER, `${client}.not-installed`)

/** A client's program, or why there is none. */
export type Peer =
  | { readonly kind: 'installed'; readonly program: string }
  | { readonly kind: 'missing'; readonly why: string }

/** Looks for a program in the peers' folder and on the PATH. */
export function findPeer(client: string): Peer {
  const folders = [path.join(PEERS_FOLDER, 'bin'), ...(process.env.PATH ?? '').split(path.delimiter)]
  const program = folders.map((folder) => path.join(folder, client)).find(isProgram)
  if (program !== undefined) return { kind: 'installed', program }
  const noted = notInstalledFile(client)
  const why = existsSync(noted) ? readFileSync(noted, 'utf8').trim() : 'not installed: run `npm run peers`'
  return { kind: 'missing', why }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
