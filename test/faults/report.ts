/** What test/FAULTS.md says, and whether it says all of it. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { catalogue } from './catalogue.ts';

/** One test of a fault; `name` begins with its number. */
export interface FaultTest {
  readonly name: string;
  /** The file's name in this directory. */
  readonly file: string;
  readonly passed: boolean;
}

const directory = fileURLToPath(new URL('.', import.meta.url));

/** Where the report is kept. */
export const reportPath = fileURLToPath(new URL('../FAULTS.md', import.meta.url));

/** Paths of the files with tests of faults. */
export function faultFiles(): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.test.ts') && name !== 'catalogue.test.ts');
  return names.sort().map((name) => directory + name);
}

/** The number that the name of a test begins with. */
export function numberOf(name: string): string {
  return name.slice(0, 3);
}

/** Numbers of the catalogue that have no test. */
export function unproven(names: readonly string[]): string[] {
  const proven = new Set(names.map(numberOf));
  return [...catalogue.keys()].filter((number) => !proven.has(number));
}

/** The name of a test as it is written in the report. */
export function cellOf(name: string): string {
  return name
    .slice(4)
    .replaceAll('|', '\\|')
    .replace(/[<>*_]/g, (sign) => `\\${sign}`);
}

/** The whole report. */
export function render(tests: readonly FaultTest[]): string {
  const passed = tests.filter((each) => each.passed).length;
  const covered = new Set(tests.map(({ name }) => numberOf(name))).size;
  const rows = [...catalogue].flatMap(([number, what]) => rowsOf(number, what, tests));
  return [
    '# Faults',
    '',
    'The faults that were thought of, the tests that prove the behaviour, and their results when this page was made.',
    '`npm run test:faults` makes this page from the tests in `test/faults`; do not edit it by hand.',
    '',
    'Besides what its name says, each test proves that no secret was shown, that the watermark moved only as far',
    'as records were delivered, that the lock was released, and that the next run without the fault delivers everything',
    'exactly once.',
    '',
    `${catalogue.size} faults: ${covered} tested by ${tests.length} tests (${passed} passed).`,
    '',
    '| | fault | test | file | result |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function rowsOf(number: string, what: string, tests: readonly FaultTest[]): string[] {
  const own = tests.filter(({ name }) => numberOf(name) === number);
  if (own.length === 0) return [`| ${number} | ${what} | | | **no test** |`];
  return own.map(({ name, file, passed }, at) => {
    const head = at === 0 ? `| ${number} | ${what} ` : '| | ';
    return `${head}| ${cellOf(name)} | ${file} | ${passed ? 'passed' : '**failed**'} |`;
  });
}
