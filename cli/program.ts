import { Command, CommanderError } from 'commander'
import { addAnnotationsCommand } from './annotations.ts'
import { type CommandResult, DONE, exitCode, type Terminal } from './command-result.ts'
import { addDoctorCommand } from './doctor.ts'
import { addIndexCommand } from './index-symbols.ts'
import { maydayVersion } from './repository.ts'
import { addRulesetCommand } from './ruleset.ts'
import { addSignatureCommand } from './signature.ts'
import { addStackwalkCommand } from './stackwalk.ts'
import { addStartCommand } from './start.ts'
import { addSubmitCommand } from './submit.ts'
import { addSymbolicateCommand } from './symbolicate.ts'
import { addTokenCommand } from './token.ts'
import { addUploadSymbolsCommand } from './upload-symbols.ts'
import { addUserCommand } from './user.ts'

const USAGE_EXIT_CODE = 2
/** Width of the help on generated pages, whatever terminal generates them. */
const PAGE_WIDTH = 100

/** Runs one command line (without `node` and the program's name) and answers the exit code. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  let result = DONE
  const program = createProgram(terminal, async (work) => {
    result = await work
  })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    // Commander has said what is wrong; help and version end here too, with exit code 0.
    return thrown.exitCode === 0 ? 0 : USAGE_EXIT_CODE
  }
  if (result.kind !== 'done') terminal.err(result.message)
  return exitCode(result)
}

/** The `mayday` command with all its commands. `run` gets the result of the one that was asked for. */
function createProgram(terminal: Terminal, run: (work: Promise<CommandResult>) => Promise<void>): Command {
  const program = new Command('mayday')
    .description('Crash reports, symbols and crash pages: a development fleet and its clients.')
    .version(maydayVersion())
    .helpCommand(false)
    // An option after a command is that command's: `signature` and `signature diff` both have --lists.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
  addStartCommand(program, run, terminal)
  addDoctorCommand(program, run, terminal)
  addTokenCommand(program, run, terminal)
  addUserCommand(program, run, terminal)
  addSubmitCommand(program, run, terminal)
  addUploadSymbolsCommand(program, run, terminal)
  addIndexCommand(program, run, terminal)
  addSignatureCommand(program, run, terminal)
  addAnnotationsCommand(program, run, terminal)
  addStackwalkCommand(program, run, terminal)
  addSymbolicateCommand(program, run, terminal)
  addRulesetCommand(program, run, terminal)
  program.addHelpText(
    'after',
    `
Exit codes: 0 done, 1 it could not be done, 2 the command line is wrong.

Example:
  npm run --silent mayday -- submit --help`,
  )
  return program
}

/** One command and the text of its `--help`. */
export interface CommandHelp {
  /** `mayday token create` */
  readonly name: string
  readonly command: Command
  readonly text: string
}

/** The help of every command, {@link PAGE_WIDTH} columns wide. */
export function commandHelps(): readonly CommandHelp[] {
  const silent: Terminal = { out: () => {}, err: () => {}, interactive: false }
  return helpsUnder(
    createProgram(silent, async () => {}),
    '',
  )
}

function helpsUnder(command: Command, above: string): readonly CommandHelp[] {
  const name = `${above} ${command.name()}`.trim()
  return [{ name, command, text: helpText(command) }, ...command.commands.flatMap((child) => helpsUnder(child, name))]
}

/** `helpInformation()` leaves out what `addHelpText` added, so the text is taken where it is printed. */
function helpText(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut(part) {
      text += part
    },
    getOutHelpWidth: () => PAGE_WIDTH,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text.trimEnd()
}
