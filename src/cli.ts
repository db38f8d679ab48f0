/**
 * Arguments to a command and its flags, as text: what the words mean is for config.ts to say.
 *
 * Nothing is printed here: help and version are returned, wrong flags are a Problem (64) with a next step. No message
 * repeats what may be a value: a mistyped --apikey is followed by a secret, and cron mails what is said.
 */
import { Command as Commander, CommanderError, Help, Option } from 'commander';
import {
  optionsOf,
  refuseEmptyValues,
  refuseForeignFlags,
  refuseOption,
  refuseSwallowedFlags,
  strayWord,
  usage,
} from './cli/refusals.ts';
import { flagsForWords, wordHints } from './cli/mistaken.ts';
import type { Problem } from './core/problem.ts';
import { commands, epilogue, flagTable, ownWords, summaries, type CommandName, type Flags } from './cli/flags.ts';

export type Invocation =
  | { readonly command: CommandName; readonly flags: Flags }
  | { readonly print: string }
  /** A word that belongs to nothing: a Problem, to which those who know the names of sources may add. */
  | { readonly stray: string; readonly problem: Problem };

/** Reads the arguments after the program's name. Throws Problem (64) for wrong ones. */
export function parseCommandLine(argv: readonly string[], version: string): Invocation {
  const own = flagsForWords(ownWords(argv));
  const found: Found = { command: 'pull', names: [], stray: undefined, printed: '' };
  const program = build(version, found);
  refuseSwallowedFlags(program, own);
  try {
    program.parse(own, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: found.printed };
    const unknown = /^error: unknown option '(.*)'$/s.exec(error.message)?.[1];
    if (unknown !== undefined) refuseOption(program, unknown, own);
    const overfull = /^error: too many arguments for '(\w+)'/.exec(error.message)?.[1] ?? '';
    throw usage(error.message.replace(/^error: /, '').replaceAll('\n', ' '), wordHints[overfull]);
  }
  const { command, names, stray } = found;
  if (stray !== undefined) return { stray, problem: strayWord(stray, own) };
  refuseEmptyValues(program);
  refuseForeignFlags(program, command);
  const flags: Flags = { ...program.opts<Flags>(), ...(names.length > 0 && { names }) };
  return { command, flags: withCommand(flags, argv.slice(own.length), command) };
}

/** What commander finds while it parses. */
interface Found {
  command: CommandName;
  names: readonly string[];
  /** The first word that belongs to nothing. */
  stray: string | undefined;
  /** Help, or the version. */
  printed: string;
}

function build(version: string, found: Found): Commander {
  const program = new Commander('audit-export');
  program
    .configureOutput({
      writeOut: (text) => void (found.printed += text),
      writeErr: () => {}, // the message comes with the error
      getOutHelpWidth: () => 100, // the same text everywhere: the README shows it
      getOutHasColors: () => false,
    })
    .usage('[options] [command] [-- program [arguments]]')
    .description("Pulls audit records from a vendor's API and delivers them to a SIEM, losing none.")
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', epilogue)
    .exitOverride()
    .showSuggestionAfterError(false) // refuseOption has its own
    .argument('[word...]')
    .action(([word]: readonly string[]) => void (found.stray = word));
  // The argument is there only to name a mistyped command; help must not offer it.
  program.configureHelp({ visibleArguments: () => [] });
  addFlags(program);
  for (const name of commands) {
    if (name === 'pull') continue;
    const named = name === 'sources' || name === 'sinks' ? ' [name...]' : '';
    program
      .command(`${name}${named}`)
      .description(summaries[name])
      .usage(`[options]${named}`)
      .helpOption('-h, --help', 'print this help')
      .configureHelp({ visibleOptions: (own) => [...optionsOf(program, name), ...new Help().visibleOptions(own)] })
      .action((words: readonly string[]) => {
        found.command = name;
        if (named !== '') found.names = words;
      });
  }
  return program.helpCommand(false);
}

function addFlags(program: Commander): void {
  for (const { flags, says, kind } of flagTable) {
    const option = new Option(flags, says);
    if (kind === 'list') option.argParser((text: string, before?: readonly string[]) => [...(before ?? []), text]);
    if (kind === 'count') option.argParser((_text: string, before?: number) => (before ?? 0) + 1);
    program.addOption(option);
  }
}

/** What stands after `--` belongs to a program that takes the records. */
function withCommand(flags: Flags, [dashes, program, ...words]: readonly string[], chosen: CommandName): Flags {
  if (dashes === undefined) return flags;
  if (program === undefined || program === '') throw usage('there is no command after --');
  if (chosen !== 'pull' && chosen !== 'check') throw usage(`${chosen} takes no command after --`);
  for (const [flag, value] of [
    ['--sink', flags.sink === 'command' ? undefined : flags.sink],
    ['--output', flags.output],
  ]) {
    if (value !== undefined) throw usage(`${flag} and a command after -- exclude each other`, 'leave one of them out');
  }
  return { ...flags, command: [program, ...words] };
}
