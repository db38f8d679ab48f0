/**
 * Terminal sessions in test/scripts/*.txt, replayed with a real shell. Each script begins with a comment that says what
 * must be true; then come commands and what they must do:
 *
 *   $ command            a line of shell; `audit-export` is the program; the directory is the script's own
 *   text                 the next line on stdout; `/…/` is a pattern, `...` stands for any lines
 *   ! text               the next line on stderr
 *   ? 64                 the exit status, when it is not 0
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { scratch, shell } from './support/program.ts';

interface Step {
  readonly command: string;
  readonly stdout: string[];
  readonly stderr: string[];
  status: number;
}

const folder = new URL('scripts/', import.meta.url);
const prelude = 'alias audit-export="$AUDIT_EXPORT"\n'; // a shell function may not have a dash in its name

for (const name of readdirSync(folder).toSorted()) {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const about = /^# (.*)/.exec(text)?.[1];
  test(`${name}: ${about ?? ''}`, async (t) => {
    assert.ok(about !== undefined, 'a script begins with a comment that says what must be true');
    const directory = scratch(t);
    for (const step of stepsOf(text)) {
      const result = await shell(prelude + step.command, { directory, environment: { HOME: directory } });
      const told = `$ ${step.command}\n${result.stdout}${result.stderr}status ${result.status}`;
      assertLines(result.stdout, step.stdout, `stdout of ${told}`);
      assertLines(result.stderr, step.stderr, `stderr of ${told}`);
      assert.equal(result.status, step.status, told);
    }
  });
}

function stepsOf(text: string): Step[] {
  const steps: Step[] = [];
  for (const line of text.split('\n')) {
    const step = steps.at(-1);
    if (line.startsWith('#') || line === '') continue;
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), stdout: [], stderr: [], status: 0 });
    else if (line.startsWith('! ')) step?.stderr.push(line.slice(2));
    else if (line.startsWith('? ')) Object.assign(step ?? {}, { status: Number(line.slice(2)) });
    else step?.stdout.push(line);
  }
  return steps;
}

function assertLines(text: string, expected: readonly string[], what: string): void {
  const pattern = expected.map((line) => (line === '...' ? '(?:[^\\n]*\\n)*?' : `${patternOf(line)}\\n`)).join('');
  assert.match(text, new RegExp(`^${pattern}$`), what);
}

function patternOf(line: string): string {
  if (line.length > 2 && line.startsWith('/') && line.endsWith('/')) return line.slice(1, -1);
  return line.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}
