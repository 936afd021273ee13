import type { Command } from 'commander'
import { PERMISSIONS, type Permission, permissionSchema } from '#shared/auth/permissions.ts'
import { createToken } from '#shared/auth/token.ts'
import { systemClock, systemRandomBytes } from '#shared/clock.ts'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { storeToken } from './local-d1.ts'
import { DEFAULT_STATE, type StateFolder, stateFolder } from './state.ts'

/** The permissions of `--permissions`, or the first name that is none. */
export type PermissionsRead =
  | { readonly kind: 'permissions'; readonly permissions: readonly Permission[] }
  | { readonly kind: 'unknown'; readonly name: string }

/** Reads `view_pii,upload_symbols`: each once, spaces allowed, an empty text means none. */
export function readPermissions(text: string): PermissionsRead {
  const permissions = new Set<Permission>()
  for (const name of text.split(',').map((part) => part.trim())) {
    if (name === '') continue
    const parsed = permissionSchema.safeParse(name)
    if (!parsed.success) return { kind: 'unknown', name }
    permissions.add(parsed.data)
  }
  return { kind: 'permissions', permissions: [...permissions] }
}

/** A new token of a fleet, stored as its hash. */
export type TokenMade = { readonly kind: 'token'; readonly token: string } | CommandResult

/** Makes a token, of one product or of the whole deployment, and stores it in the fleet's local D1. */
export async function makeToken(
  state: StateFolder,
  email: string,
  permissions: readonly Permission[],
  product: string | null = null,
): Promise<TokenMade> {
  const creation = await createToken(email, permissions, systemClock, systemRandomBytes, product)
  if (creation.kind === 'both_upload_permissions') {
    return usage(
      'A token holds upload_symbols or upload_try_symbols, never both: it would not say where its uploads go. Make two tokens.',
    )
  }
  const stored = storeToken(state, creation.stored)
  if (stored.kind === 'no_database') {
    return failed(`No fleet has been started with the state folder ${state.folder} yet: run \`npm start\` first.`)
  }
  return { kind: 'token', token: creation.token }
}

/** A product's name stands in rows and in answers: one line, no spaces around it. */
const PRODUCT = /^(?!\s)[^\p{Cc}]{1,100}(?<!\s)$/u

/** Whether a text can be an e-mail address; whether it is somebody's, nobody here knows. */
export function isEmail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+$/.test(text)
}

interface TokenOptions {
  readonly email: string
  readonly permissions: string
  readonly product?: string
  readonly state: string
}

async function createCommand(options: TokenOptions, terminal: Terminal): Promise<CommandResult> {
  if (!isEmail(options.email)) {
    return usage(`--email must be an e-mail address, such as uploader@example.com; got "${options.email}".`)
  }
  const read = readPermissions(options.permissions)
  if (read.kind === 'unknown') {
    return usage(`Unknown permission "${read.name}". The permissions are: ${PERMISSIONS.join(', ')}.`)
  }
  const product = options.product ?? null
  if (product !== null && !PRODUCT.test(product)) {
    return usage(`--product must be the name of a product, such as Firefox, of 1 to 100 characters; got "${product}".`)
  }
  const made = await makeToken(stateFolder(options.state), options.email, read.permissions, product)
  if (made.kind !== 'token') return made
  terminal.out(made.token)
  return DONE
}

/** Adds `mayday token create`. */
export function addTokenCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  const token = program.command('token').description('API tokens of a local fleet')
  token
    .command('create')
    .description('make an API token and print it, once and nothing else, on standard output')
    .requiredOption('--email <email>', 'whose token it is')
    .requiredOption('--permissions <names>', `comma list of: ${PERMISSIONS.join(', ')}`)
    .option(
      '--product <name>',
      'the one product whose symbols it may upload; without it the token is for every product',
    )
    .option('--state <dir>', "the fleet's state folder", DEFAULT_STATE)
    .addHelpText(
      'after',
      `
The fleet may be running or not. The token is valid for a year; only its SHA-256 is kept.

Example:
  MAYDAY_TOKEN=$(npm run --silent mayday -- token create --email ci@example.com --permissions upload_symbols)`,
    )
    .action((options: TokenOptions) => run(createCommand(options, terminal)))
}
