/** Hints for people who know other programs: what to write here instead of what they are used to. */
import { summaries } from './flags.ts';

const page = 'pipe the records into head -n 10; --limit is the size of a page';
/** The hint for those who want another format than JSON Lines. */
export const pipeIntoJq = 'records are JSON Lines: pipe them into jq';
const instead = (flag: string): string => `write ${flag}`;

/** By the name of an option, without its dashes. */
export const optionHints: Readonly<Record<string, string>> = {
  n: page,
  max: page,
  last: 'write --since 1h for the last hour, or pipe the records into tail -n 10',
  count: page,
  json: pipeIntoJq,
  jsonl: pipeIntoJq,
  pretty: pipeIntoJq,
  format: pipeIntoJq,
  fields: pipeIntoJq,
  from: instead('--since'),
  start: instead('--since'),
  to: instead('--until'),
  end: instead('--until'),
  env: instead('-e'),
  config: instead('-e'),
  filter: instead('--query'),
  where: instead('--query'),
  debug: instead('-v'),
  silent: instead('-q'),
};

/** Hints for words after a command that takes none, by command. */
export const wordHints: Readonly<Record<string, string>> = {
  status: 'a job is named by its flag: audit-export status --job NAME',
  check:
    'each is named by its flag: an env file by audit-export check -e FILE, a source by audit-export check --source NAME',
};

/** `help`, `help check` and `version` are flags here. After `help`, a word that is no command is left to be refused. */
export function flagsForWords(words: readonly string[]): readonly string[] {
  const [first, ...others] = words;
  if (first === 'help') return isUnknown(others[0]) ? others : [...others, '--help'];
  return first === 'version' ? ['--version', ...others] : words;
}

function isUnknown(word: string | undefined): boolean {
  return word !== undefined && word !== 'help' && !word.startsWith('-') && !Object.hasOwn(summaries, word);
}
