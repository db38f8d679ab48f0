import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { readDefinition } from '../../src/io/definition-file.ts';
import { readyMade, readyMadeNames, readyMadePath } from '../../src/io/ready-made.ts';
import { sources } from '../../src/sources/index.ts';
import { run } from '../support/program.ts';

for (const name of readyMadeNames()) {
  test(`${name}: its file has its name, a test of its own, and a page that it follows`, async () => {
    const definition = await readDefinition(readyMadePath(name));
    assert.equal(definition.name, name);
    assert.ok(existsSync(new URL(`../examples/${name}.test.ts`, import.meta.url)), `test/examples/${name}.test.ts`);
    assert.ok(!Object.hasOwn(sources, name), 'a built-in source has this name');
    for (const setting of Object.keys(definition.settings)) assert.match(setting, prefix(name), setting);
  });
}

/** Settings of two vendors may stand in one environment. */
function prefix(name: string): RegExp {
  return new RegExp(`^${name.split('-')[0]?.toUpperCase()}_`);
}

test('a definition that comes with the program is named like a built-in source', async () => {
  const [name = ''] = readyMadeNames();
  const { status, stderr } = await run(['--source', name, '--dry-run'], { environment: { HOME: '/nowhere' } });
  assert.equal(status, 78);
  assert.match(stderr, /^audit-export: settings missing: /);
});

test('a name that is none says which are meant', async () => {
  const [name = ''] = readyMadeNames();
  const { status, stderr } = await run(['--source', `${name}a`]);
  assert.equal(status, 64);
  assert.match(stderr, new RegExp(`unknown source '${name}a' \\(Did you mean ${name}\\?\\)`));
});

test('a name is no path', async () => {
  for (const name of ['../acme', 'a/b', '', 'A', '.']) assert.equal(await readyMade(name), undefined);
});

test('the sources that are listed are all that can be named', async () => {
  const { status, stdout } = await run(['sources']);
  assert.equal(status, 0);
  const listed = [...stdout.matchAll(/^([a-z][a-z0-9-]*): /gm)].map(([, name]) => name);
  assert.deepEqual(listed, [...Object.keys(sources), ...readyMadeNames()]);
});
