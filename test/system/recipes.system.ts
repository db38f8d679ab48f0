/**
 * The recipes of the README, each word for word in /bin/sh, twice: the first run delivers what there is, the second what
 * came since, and neither says a word.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Ended } from '../support/program.ts';
import { exported, flowOf, wanted } from './flows.ts';
import { recipes, type Recipe } from './recipes.ts';
import { openSite, type Site } from './site.ts';
import { assertTaken } from './taken.ts';
import { missing } from './tools.ts';

describe('the recipes of the README', { concurrency: 2 }, () => {
  const lacking = missing('curl', 'openssl');
  for (const recipe of recipes()) {
    const { source, sink } = flowOf(recipe);
    test(`${recipe.name}: ${recipe.command.replaceAll(/\s*\\?\n\s*/g, ' ')}`, { skip: lacking }, async (t) => {
      const site = await openSite();
      t.after(() => site.close());
      const all: string[] = [];
      for (let round = 1; round <= 2; round++) {
        const texts = await offer(site, source);
        all.push(...texts);
        const result = await site.run(recipe.command, environment(site, recipe));
        assertQuiet(recipe, result);
        // A search finds the old ones again, and the file still has them.
        const isSearch = /audit-export [^|]*(?:--since|-x)/.test(recipe.command);
        const expected = isSearch || ['file', 's3', 'kafka'].includes(sink) ? all : texts;
        assertTaken(taken(site, sink, result), wanted(recipe, expected));
      }
    });
  }
});

test(
  'the search on the first page: actions and how often each was done',
  { skip: missing('jq', 'openssl') },
  async (t) => {
    const site = await openSite();
    t.after(() => site.close());
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const command = /^audit-export --source sample --since 2h \| jq .+$/m.exec(readme)?.[0] ?? '';
    const { status, stdout, stderr } = await site.run(command.replace('|', '| tee found |'), site.environment);
    assert.deepEqual([status, stderr], [0, '']);
    const counts = stdout
      .trim()
      .split('\n')
      .map((line) => /^ *(\d+) ([\w.]+)$/.exec(line));
    const found = readFileSync(join(site.directory, 'found'), 'utf8').trimEnd().split('\n');
    const actions = found.map((text) => (JSON.parse(text) as { action: string }).action);
    assert.ok(actions.includes('session.login'), 'what its own login left behind');
    assert.deepEqual(
      counts.map((match) => [match?.[2], Number(match?.[1])]),
      [...new Set(actions)].toSorted().map((action) => [action, actions.filter((one) => one === action).length]),
    );
  },
);

test('there are recipes for each of the five documents', () => {
  const flows = recipes().map(flowOf);
  for (const name of ['sycope', 'syncropel', '-', 'cirrus', 'sysdig-audit', 'sysdig-events', 'sysdig-activity']) {
    assert.ok(
      flows.some(({ source }) => source === name),
      name,
    );
  }
  for (const name of ['elastic', 'splunk', 'datadog', 'webhook', 'syslog', 'sekoia', 'file', 's3', 'kafka', 'stdout']) {
    assert.ok(
      flows.some(({ sink }) => sink === name),
      name,
    );
  }
});

/** Puts new records where the command looks for them; as an export, together with the older ones. */
async function offer(site: Site, source: string): Promise<string[]> {
  if (source !== '-') return site.vendors.add(source);
  const texts = exported(await site.vendors.add('syncropel'));
  site.exports(texts);
  return texts;
}

/** Commands without an env file find the settings in the environment. */
function environment(site: Site, { command }: Recipe): Readonly<Record<string, string>> {
  return /-e |--source -/.test(command) ? {} : site.environment;
}

/** Every document was created, or is there already. */
function assertBulk(answer: string): void {
  const { items } = JSON.parse(answer) as { items: { create: { status: number } }[] };
  assert.deepEqual(
    items.filter(({ create: { status } }) => status !== 201 && status !== 409),
    [],
  );
}

/** Silent, exit 0; but what curl prints of the answer in a plain pipe, and `-x` says that there is more. */
function assertQuiet({ command }: Recipe, { status, stdout, stderr }: Ended): void {
  if (command.includes('-x --limit 1')) {
    assert.equal(status, 3, stderr);
    return;
  }
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  if (/(?:\||&&)\s+curl/.test(command)) assertBulk(stdout);
  else if (/-e /.test(command) || command.includes(' -- ')) assert.equal(stdout, '');
}

function taken(site: Site, sink: string, { stdout }: Ended): string[] {
  if (sink === 'stdout') return stdout.split('\n').slice(0, -1);
  if (sink === 's3') return objects(join(site.directory, 'objects'));
  if (sink !== 'file' && sink !== 'kafka') return site.destinations.taken(sink);
  const path = join(site.directory, sink === 'kafka' ? 'topic' : 'log/cirrus.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

/** The lines of all objects; those of the first run are still there after the second. */
function objects(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.flatMap((file) => readFileSync(join(file.parentPath, file.name), 'utf8').split('\n').slice(0, -1));
}
