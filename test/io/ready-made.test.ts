import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readDefinition } from '../../src/io/definition-file.ts';
import { readyMade, readyMadeNames, readyMadePath } from '../../src/io/ready-made.ts';
import { sources } from '../../src/sources/index.ts';
import { run } from '../support/program.ts';

const folder = new URL('../examples/', import.meta.url);
const tests = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(new URL(file, folder), 'utf8'));

for (const name of readyMadeNames()) {
  test(`${name}: its file has its name, a test tries it, and its settings are its own`, async () => {
    const definition = await readDefinition(readyMadePath(name));
    assert.equal(definition.name, name);
    const log = name.replace(/^duo-/, ''); // the four of Duo are tried by what comes behind it
    assert.ok(
      tests.some((text) => text.includes(`'${name}'`) || (text.includes('`duo-') && text.includes(`'${log}'`))),
    );
    assert.ok(!Object.hasOwn(sources, name), 'a built-in source has this name');
    // Settings of two vendors may stand in one environment.
    const vendor = new RegExp(`^${name.split('-')[0]?.toUpperCase()}[A-Z0-9]*_`);
    for (const setting of Object.keys(definition.settings)) assert.match(setting, vendor);
  });
}

test('a definition that comes with the program is named like a built-in source', async () => {
  const [name = ''] = readyMadeNames();
  const { status, stderr } = await run(['--source', name, '--dry-run'], { environment: { HOME: '/nowhere' } });
  assert.equal(status, 78);
  assert.match(stderr, /^audit-export: settings missing: /);
});

test('a name that no source has is answered with those that may be meant', async () => {
  const [name = ''] = readyMadeNames();
  const { status, stderr } = await run(['--source', `${name}a`]);
  assert.equal(status, 64);
  assert.match(stderr, new RegExp(`unknown source '${name}a' \\(Did you mean ${name}\\?\\)`));
});

test('the name of a ready-made definition is no path', async () => {
  for (const name of ['../acme', 'a/b', '', 'A', '.']) assert.equal(await readyMade(name), undefined);
});

test('the sources that are listed are all that can be named', async () => {
  const { status, stdout } = await run(['sources']);
  assert.equal(status, 0);
  const listed = [...stdout.matchAll(/^([a-z][a-z0-9-]*): /gm)].map(([, name]) => name);
  assert.deepEqual(listed, [...Object.keys(sources), ...readyMadeNames()]);
});
