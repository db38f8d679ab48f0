/** Command lines that do not say what was meant: each is refused (64) with a next step, and no value is repeated. */
import type { Command as Commander, Option } from 'commander';
import { commands, flagTable, isTakenBy, type CommandName } from './flags.ts';
import { boundHint } from '../core/clock/bound-hint.ts';
import { optionHints } from './mistaken.ts';
import { didYouMean, nearest } from '../core/text/nearest.ts';
import { exit, Problem } from '../core/problem.ts';

/** `--since --insecure` would read the second flag as a time: commander takes any next word as a value. */
export function refuseSwallowedFlags(program: Commander, argv: readonly string[]): void {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    const next = argv[index + 1] ?? '';
    const option = optionOf(program, word);
    refuseSingleDash(program, word);
    if (option === undefined || !option.required) continue;
    if (next.startsWith('-') && next.length > 1) {
      const [name = ''] = next.split('=');
      const what = optionOf(program, name) === undefined ? 'what follows begins with a dash' : `${name} follows`;
      throw usage(
        `${option.long ?? word} needs a value, but ${what}`,
        (isBound(option) && boundHint(next, option.long ?? word)) ||
          `write ${option.long ?? word}=VALUE if the value begins with a dash`,
      );
    }
    index++; // the value itself
  }
}

/** `-since 2h` would be read as `-s ince`, and a 2h that belongs to nothing. */
function refuseSingleDash(program: Commander, word: string): void {
  const [name = ''] = word.split('=');
  if (!/^-[a-z]{2}/.test(name) || optionOf(program, `-${name}`) === undefined) return;
  throw usage(`unknown option '${name}' (Did you mean -${name}?)`);
}

function isBound({ long }: Option): boolean {
  return long === '--since' || long === '--until';
}

/** `--since "$SINCE"` with an unset variable must not mean something other than what was written. */
export function refuseEmptyValues(program: Commander): void {
  for (const option of program.options) {
    const value: unknown = program.getOptionValue(option.attributeName());
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (texts.some((text) => typeof text === 'string' && text.trim() === '')) {
      throw usage(`${option.long ?? option.flags} is empty`);
    }
  }
}

/** Flags that a command would not look at are refused, because whoever wrote them expects an effect. */
export function refuseForeignFlags(program: Commander, command: CommandName): void {
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

/** A mistyped command is named; another word is a value that lost its flag or its quotes. */
export function strayWord(word: string, argv: readonly string[]): Problem {
  const others = commands.filter((name) => name !== 'pull');
  const suggestion = didYouMean(word, others);
  if (suggestion !== '') throw usage(`unknown command '${word}'${suggestion}`);
  return usage(
    `word ${argv.lastIndexOf(word) + 1} is neither a command nor the value of a flag`,
    'put a value with blanks in quotes; audit-export --help lists the flags and commands',
  );
}

/** `word` is as it was written, or the rest of a cluster of short flags. */
export function refuseOption(program: Commander, word: string, argv: readonly string[]): never {
  const [name = ''] = word.split('=');
  if (optionOf(program, name) !== undefined) throw usage(`${name} takes no value`);
  const long = nearest(
    name.replace(/^-+/, ''),
    program.options.map((option) => option.long?.slice(2) ?? ''),
  );
  // What is not written as a name is not said: `--apikeyK3y` and `-kK3y` hold a value.
  const plain = /^--[a-z]+(?:-[a-z]+)*$/.exec(name) ?? /^-[A-Za-z]/.exec(name);
  const whole = argv.indexOf(word);
  const cluster = (given: string): boolean => /^-[^-]/.test(given) && given.endsWith(word.slice(1));
  const at = (whole === -1 ? argv.findIndex(cluster) : whole) + 1;
  const what = plain === null ? (at > 0 ? `, word ${at}` : '') : ` '${plain[0]}'`;
  const known = plain?.[0].replace(/^-+/, '') ?? '';
  const hint = Object.hasOwn(optionHints, known) ? optionHints[known] : undefined;
  const meant = long === undefined || hint !== undefined ? '' : ` (Did you mean --${long}?)`;
  throw usage(`unknown option${what}${meant}`, hint);
}

/** The options that the command takes, in the order of the table. */
export function optionsOf(program: Commander, command: CommandName): readonly Option[] {
  const rows = flagTable.filter((row) => isTakenBy(command, row));
  return rows.flatMap(({ flags }) => program.options.filter((option) => option.flags === flags));
}

function optionOf(program: Commander, name: string): Option | undefined {
  return program.options.find(({ short, long }) => short === name || long === name);
}

/** A Problem (64). What may be a value of a flag has no place in its message: it may be a secret. */
export function usage(message: string, hint = 'audit-export --help lists the flags and commands'): Problem {
  return new Problem(exit.usage, message, { hint });
}
