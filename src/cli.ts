/**
 * Arguments to a command and its flags, as text: what the words mean is for config.ts to say.
 *
 * Nothing is printed here: help and version are returned, wrong flags are a Problem (64) with a next step.
 */
import { Command as Commander, CommanderError, Option } from 'commander';
import { epilogue, flagTable, type Flags } from './core/flags.ts';
import { didYouMean } from './core/nearest.ts';
import { exit, Problem } from './core/problem.ts';

const commands = ['pull', 'check', 'status', 'sources', 'sinks'] as const;
export type CommandName = (typeof commands)[number];

export type Invocation = { readonly command: CommandName; readonly flags: Flags } | { readonly print: string };

/** Reads the arguments after the program's name. Throws Problem (64) for wrong ones. */
export function parseCommandLine(argv: readonly string[], version: string): Invocation {
  const separator = argv.indexOf('--');
  const own = separator === -1 ? argv : argv.slice(0, separator);
  let printed = '';
  let chosen: CommandName = 'pull';
  const print = (text: string): void => void (printed += text);
  const program = build(version, print, (name) => (chosen = name));
  refuseSwallowedFlags(program, own);
  try {
    program.parse(own, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed };
    throw usage(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  }
  refuseEmptyValues(program);
  refuseForeignFlags(program, chosen);
  const flags: Flags = program.opts();
  return { command: chosen, flags: separator === -1 ? flags : withCommand(flags, argv.slice(separator + 1), chosen) };
}

/** The help text, as `--help` prints it. */
export function helpText(version: string): string {
  const invocation = parseCommandLine(['--help'], version);
  return 'print' in invocation ? invocation.print : '';
}

// ---------------------------------------------------------------------------------------------------- the command line

function build(version: string, print: (text: string) => void, choose: (name: CommandName) => void): Commander {
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
    .argument('[word...]')
    .action((words: readonly string[]) => refuseWord(words[0]));
  // The argument is there only to name a mistyped command; help must not offer it.
  program.configureHelp({ visibleArguments: () => [] });
  addFlags(program);
  const summaries: Readonly<Record<Exclude<CommandName, 'pull'>, string>> = {
    check: 'log in to both ends, fetch one page, send nothing, say what works',
    status: "every job's position, lag and last outcome",
    sources: 'list the built-in sources and their settings',
    sinks: 'list the built-in sinks and their settings',
  };
  for (const name of commands) {
    if (name === 'pull') continue;
    program
      .command(name)
      .description(summaries[name])
      .usage('[options]')
      .helpOption('-h, --help', 'print help')
      .action(() => choose(name));
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
    const option = program.options.find((candidate) => candidate.short === word || candidate.long === word);
    if (option === undefined || !option.required) continue;
    if (next.startsWith('-') && next.length > 1) {
      throw usage(
        `${option.long ?? word} needs a value, but ${next.split('=')[0] ?? next} follows`,
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
  if (command === 'pull' || command === 'check') return;
  const allowed = new Set(['verbose', 'quiet', 'logFormat', 'progress']);
  if (command === 'status') for (const name of ['stateDir', 'job', 'envFile']) allowed.add(name);
  for (const option of program.options) {
    const name = option.attributeName();
    if (program.getOptionValueSource(name) === 'cli' && !allowed.has(name)) {
      throw usage(`${command} takes no ${option.long ?? name}`);
    }
  }
}

/** What stands after `--` belongs to a program that takes the records. */
function withCommand(flags: Flags, [program, ...words]: readonly string[], chosen: CommandName): Flags {
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

function refuseWord(word: string | undefined): void {
  if (word === undefined) return;
  const others = commands.filter((name) => name !== 'pull');
  throw usage(`unknown command '${word}'${didYouMean(word, others)}`);
}

function usage(message: string, hint = 'audit-export --help lists the flags and commands'): Problem {
  return new Problem(exit.usage, message, { hint });
}
