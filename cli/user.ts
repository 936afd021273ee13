import type { Command } from 'commander'
import { type Group, groupSchema } from '#shared/auth/permissions.ts'
import { systemClock } from '#shared/clock.ts'
import { type CommandResult, DONE, failed, type Terminal, usage } from './command-result.ts'
import { storeGroups } from './local-d1.ts'
import { DEFAULT_STATE, type StateFolder, stateFolder } from './state.ts'
import { isEmail } from './token.ts'

const GROUPS: readonly Group[] = groupSchema.options

/** The groups of `--groups`, or the first name that is none. */
export type GroupsRead =
  | { readonly kind: 'groups'; readonly groups: readonly Group[] }
  | { readonly kind: 'unknown'; readonly name: string }

/** Reads `viewers,investigators`: each once, spaces allowed, an empty text means none. */
export function readGroups(text: string): GroupsRead {
  const groups = new Set<Group>()
  for (const name of text.split(',').map((part) => part.trim())) {
    if (name === '') continue
    const parsed = groupSchema.safeParse(name)
    if (!parsed.success) return { kind: 'unknown', name }
    groups.add(parsed.data)
  }
  return { kind: 'groups', groups: [...groups] }
}

/** Gives a person of a fleet these groups and no others; what they are signed in for changes at once. */
export function setGroups(state: StateFolder, email: string, groups: readonly Group[]): CommandResult {
  // Accounts are lower case: so does sign-in write them.
  const stored = storeGroups(state, email.toLowerCase(), groups, systemClock())
  return stored.kind === 'stored'
    ? DONE
    : failed(`No fleet has been started with the state folder ${state.folder} yet: run \`npm start\` first.`)
}

interface GroupsOptions {
  readonly email: string
  readonly groups: string
  readonly state: string
}

async function groupsCommand(options: GroupsOptions, terminal: Terminal): Promise<CommandResult> {
  if (!isEmail(options.email)) {
    return usage(`--email must be an e-mail address, such as ada@example.com; got "${options.email}".`)
  }
  const read = readGroups(options.groups)
  if (read.kind === 'unknown') return usage(`Unknown group "${read.name}". The groups are: ${GROUPS.join(', ')}.`)
  const result = setGroups(stateFolder(options.state), options.email, read.groups)
  if (result.kind === 'done') terminal.out(`${options.email.toLowerCase()}: ${read.groups.join(', ') || 'no group'}`)
  return result
}

/** Adds `mayday user groups`. */
export function addUserCommand(
  program: Command,
  run: (work: Promise<CommandResult>) => Promise<void>,
  terminal: Terminal,
): void {
  const user = program.command('user').description('people of a local fleet')
  user
    .command('groups')
    .description('give a person these groups and no others; they need not have signed in yet')
    .requiredOption('--email <email>', 'who')
    .requiredOption('--groups <names>', `comma list of: ${GROUPS.join(', ')}; an empty text for none`)
    .option('--state <dir>', "the fleet's state folder", DEFAULT_STATE)
    .addHelpText(
      'after',
      `
The fleet may be running or not; who is signed in has the new groups at the next click. For a deployment, docs/howto/sign-in.md
has the statement to run in its D1.

Example:
  npm run --silent mayday -- user groups --email ada@example.com --groups investigators,uploaders`,
    )
    .action((options: GroupsOptions) => run(groupsCommand(options, terminal)))
}
