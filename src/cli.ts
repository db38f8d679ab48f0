/**
 * Arguments to a command and its flags, as text: what the words mean is for config.ts to say.
 *
 * Nothing is printed here: help and version are returned, wrong flags are a Problem (64) with a next step. What may be a
 * value is not in it: a mistyped --apikey is followed by a secret, and cron mails what was said.
 */
import { Command as Commander, CommanderError, Help, Option } from 'commander';
import {
  commands,
  epilogue,
  flagTable,
  isTakenBy,
  ownWords,
  summaries,
  type CommandName,
  type Flags,
} from './core/flags.ts';
import { didYouMean, nearest } from './core/nearest.ts';
import { exit, Problem } from './core/problem.ts';

export type Invocation = { readonly command: CommandName; readonly flags: Flags } | { readonly print: string };

/** Reads the arguments after the program's name. Throws Problem (64) for wrong ones. */
export function parseCommandLine(argv: readonly string[], version: string): Invocation {
  const own = ownWords(argv);
  let printed = '';
  let [command, names]: Parameters<Listener['choose']> = ['pull', []];
  const print = (text: string): void => void (printed += text);
  const choose: Listener['choose'] = (...chosen) => void ([command, names] = chosen);
  const program = build(version, print, { choose, excess: (word) => refuseWord(word, own) });
  refuseSwallowedFlags(program, own);
  try {
    program.parse(own, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed };
    const unknown = /^error: unknown option '(.*)'$/s.exec(error.message)?.[1];
    if (unknown !== undefined) refuseOption(program, unknown, own);
    throw usage(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  }
  refuseEmptyValues(program);
  refuseForeignFlags(program, command);
  const flags: Flags = { ...program.opts<Flags>(), ...(names.length > 0 && { names }) };
  return { command, flags: withCommand(flags, argv.slice(own.length), command) };
}

/** The help text, as `--help` prints it. */
export function helpText(version: string): string {
  const invocation = parseCommandLine(['--help'], version);
  return 'print' in invocation ? invocation.print : '';
}

// ---------------------------------------------------------------------------------------------------- the command line

interface Listener {
  choose(command: CommandName, names: readonly string[]): void;
  /** Called with the first word that belongs to nothing. */
  excess(word: string): void;
}

function build(version: string, print: (text: string) => void, { choose, excess }: Listener): Commander {
  const program = new Commander('audit-export');
  program
    .configureOutput({
      writeOut: print,
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
    .action(([word]: readonly string[]) => {
      if (word !== undefined) excess(word);
    });
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
      .action((words: readonly string[]) => choose(name, named === '' ? [] : words));
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

// ---------------------------------------------------------------------------------------------------- refusals

/** `--since --insecure` would read the second flag as a time: commander takes any next word as a value. */
function refuseSwallowedFlags(program: Commander, argv: readonly string[]): void {
  for (let index = 0; index + 1 < argv.length; index++) {
    const word = argv[index] ?? '';
    const next = argv[index + 1] ?? '';
    const option = optionOf(program, word);
    if (option === undefined || !option.required) continue;
    if (next.startsWith('-') && next.length > 1) {
      const [name = ''] = next.split('=');
      const what = optionOf(program, name) === undefined ? 'what follows begins with a dash' : `${name} follows`;
      throw usage(
        `${option.long ?? word} needs a value, but ${what}`,
        `write ${option.long ?? word}=VALUE if the value begins with a dash`,
      );
    }
    index++; // the value itself
  }
}

/** `--since "$SINCE"` with an unset variable must not mean something else than what was written. */
function refuseEmptyValues(program: Commander): void {
  for (const option of program.options) {
    const value: unknown = program.getOptionValue(option.attributeName());
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (texts.some((text) => typeof text === 'string' && text.trim() === '')) {
      throw usage(`${option.long ?? option.flags} is empty`);
    }
  }
}

/** Flags that a command would not look at are refused, because whoever wrote them expects an effect. */
function refuseForeignFlags(program: Commander, command: CommandName): void {
  const taken = optionsOf(program, command);
  const isGiven = (option: Option): boolean => program.getOptionValueSource(option.attributeName()) === 'cli';
  const foreign = program.options.find((option) => isGiven(option) && !taken.includes(option));
  if (foreign === undefined) return;
  const hint = `audit-export ${command} --help lists what it takes`;
  throw usage(
    `${command} takes no ${foreign.long ?? foreign.flags}`,
    command === 'status' ? 'it shows every job; --job chooses one, --state-dir says where they are' : hint,
  );
}

/** What stands after `--` belongs to a program that takes the records. */
function withCommand(flags: Flags, [dashes, program, ...words]: readonly string[], chosen: CommandName): Flags {
  if (dashes === undefined) return flags;
  if (program === undefined || program === '') throw usage('there is no command after --');
  if (chosen !== 'pull' && chosen !== 'check') throw usage(`${chosen} takes no command after --`);
  for (const [flag, value] of [
    ['--sink', flags.sink],
    ['--output', flags.output],
  ]) {
    if (value !== undefined) throw usage(`${flag} and a command after -- exclude each other`, 'leave one of them out');
  }
  return { ...flags, command: [program, ...words] };
}

/** A mistyped command is named; another word is a value that lost its flag or its quotes. */
function refuseWord(word: string, argv: readonly string[]): never {
  const others = commands.filter((name) => name !== 'pull');
  const suggestion = didYouMean(word, others);
  if (suggestion !== '') throw usage(`unknown command '${word}'${suggestion}`);
  throw usage(
    `word ${argv.lastIndexOf(word) + 1} is neither a command nor the value of a flag`,
    'put a value with blanks in quotes; audit-export --help lists the flags and commands',
  );
}

/** `word` is as it was written, or the rest of a cluster of short flags. */
function refuseOption(program: Commander, word: string, argv: readonly string[]): never {
  const [name = ''] = word.split('=');
  if (optionOf(program, name) !== undefined) throw usage(`${name} takes no value`);
  const long = nearest(
    name.replace(/^-+/, ''),
    program.options.map((option) => option.long?.slice(2) ?? ''),
  );
  // What is not written as a name is not said: `--apikeyK3y` and `-kK3y` hold a value.
  const plain = /^--[a-z]+(?:-[a-z]+)*$/.exec(name) ?? /^-[A-Za-z]/.exec(name);
  const at = argv.indexOf(word) + 1;
  const what = plain === null ? (at > 0 ? `, word ${at}` : '') : ` '${plain[0]}'`;
  throw usage(`unknown option${what}${long === undefined ? '' : ` (Did you mean --${long}?)`}`);
}

/** Those that the command takes, in the order of the table. */
function optionsOf(program: Commander, command: CommandName): readonly Option[] {
  const rows = flagTable.filter((row) => isTakenBy(command, row));
  return rows.flatMap(({ flags }) => program.options.filter((option) => option.flags === flags));
}

function optionOf(program: Commander, name: string): Option | undefined {
  return program.options.find(({ short, long }) => short === name || long === name);
}

function usage(message: string, hint = 'audit-export --help lists the flags and commands'): Problem {
  return new Problem(exit.usage, message, { hint });
}
