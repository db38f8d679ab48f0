/** The README tells the truth: its generated parts are fresh, its sessions play, its links and flags exist. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { flagTable } from '../src/cli/flags.ts';
import { timeFormats } from '../src/core/time.ts';
import { refreshed } from './tools/readme.ts';
import { installed } from './support/installed.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = readFileSync(join(root, 'README.md'), 'utf8');
const workplace = mkdtempSync(join(tmpdir(), 'audit-export-readme-'));
after(() => rmSync(workplace, { recursive: true }));

const fences = [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)].map(([, kind = '', body = '']) => ({
  kind,
  body,
}));

test('the generated parts are fresh (npm run docs)', async () => {
  assert.equal(await refreshed(text), text);
});

test('a generated part that is not known is refused', async () => {
  await assert.rejects(refreshed('<!-- generated: weather -->\n<!-- end -->\n'), /no part is called weather/);
});

test('a stale part is seen', async () => {
  assert.notEqual(
    await refreshed(text.replace(/\| 64 +\| usage/, '| 65 | usage')),
    text.replace(/\| 64 +\| usage/, '| 65 | usage'),
  );
});

test('the sessions play as they are shown', () => {
  const environment = { HOME: workplace, PATH: `${installed(workplace)}:/usr/bin:/bin` };

  const steps = fences.filter(({ kind }) => kind === 'console').flatMap(({ body }) => body.split(/^\$ /m).slice(1));
  assert.ok(steps.length > 0, 'there is a session');
  for (const step of steps) {
    const [command = '', ...shown] = step.trimEnd().split('\n');
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
      cwd: workplace,
      env: environment,
      encoding: 'utf8',
    });
    assert.match((stderr + stdout).trimEnd(), pattern(shown.join('\n')), `$ ${command}`);
  }
});

test('every form of a time that a definition can name is listed', () => {
  const [, section = ''] = text.split('\n## Add a source\n');
  assert.deepEqual(
    timeFormats.filter((format) => !section.includes(`\`${format}\``)),
    [],
  );
});

test('every flag and npm script that it names exists', () => {
  const flags = new Set([...flagTable.flatMap((row) => row.flags.match(/--[a-z-]+/g) ?? []), '--version', '--help']);
  const shown = [...text.matchAll(/(?:audit-export[^\n`|]*? |`)(--[a-z-]+)/g)].map((match) => match[1] ?? '');
  assert.deepEqual(
    shown.filter((flag) => !flags.has(flag)),
    [],
  );
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '');
  assert.deepEqual(
    named.filter((name) => !(name in scripts)),
    [],
  );
});

test('its links lead somewhere', () => {
  const targets = [...text.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? '');
  const headings = new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(
      ([, title = '']) =>
        `#${title
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    ),
  );
  const broken = targets.filter((target) =>
    target.startsWith('#') ? !headings.has(target) : !existsSync(join(root, target)),
  );
  assert.deepEqual(broken, []);
});

test('its contents lead to every section', () => {
  const [, contents = ''] = /^## Contents\n([\s\S]*?)^## /m.exec(text) ?? [];
  const sections = text.replaceAll(/^```[\s\S]*?^```$/gm, '').match(/^## .+$/gm) ?? [];
  const left = sections.filter((line) => !contents.includes(`[${line.slice(3)}](#`));
  assert.deepEqual(left, ['## Try it', '## Contents', '## Licence']);
});

/** What is shown, with anything on the line for `…`. */
function pattern(shown: string): RegExp {
  const parts = shown.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
