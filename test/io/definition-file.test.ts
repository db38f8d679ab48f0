import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readDefinition } from '../../src/io/definition-file.ts';
import { Problem } from '../../src/core/problem.ts';

const sound = {
  name: 'acme',
  summary: 'Acme: "quotes": and \\"colons\\": in texts.',
  settings: { ACME_URL: { summary: 'Address.', kind: 'url' } },
  url: '{ACME_URL}',
  auth: { type: 'none' },
  request: { path: '/log', query: { from: '{from}', until: '{until}' } },
  paging: { type: 'none' },
  window: { filter: 'event', time: 'epoch-ns' },
  records: { path: 'data', id: { paths: ['id'] } },
};

function file(t: TestContext, name: string, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'definition-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test('a definition in JSON is the same as in YAML', async (t) => {
  const expected = await readDefinition(file(t, 'acme.yaml', JSON.stringify(sound)));
  assert.deepEqual(await readDefinition(file(t, 'acme.json', JSON.stringify(sound, undefined, 2))), expected);
});

for (const [what, text, message] of [
  ['a key twice', JSON.stringify(sound).replace('"paging":', '"url":"https://other.example","paging":'), /unique/],
  ['an escaped key twice', JSON.stringify(sound).replace('"paging":', '"\\u0075rl":"x","paging":'), /unique/],
  ['no end', JSON.stringify(sound).slice(0, -1), /./],
] as const) {
  test(`a definition in JSON with ${what} is refused, with the place`, async (t) => {
    await assert.rejects(readDefinition(file(t, 'acme.json', text)), (error) => {
      assert.ok(error instanceof Problem);
      assert.equal(error.status, 78);
      assert.match(error.message, /acme\.json is not valid YAML: .* at line \d+, column \d+$/);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a definition with an alias inside of what it repeats is refused', async (t) => {
  const request = 'request: &a { path: /log, method: POST, json: *a }\n';
  const { request: _request, ...rest } = sound;
  for (const text of ['&a [*a]', `${JSON.stringify(rest).slice(0, -1)},\n"variables": &a { x: *a } }`, request]) {
    await assert.rejects(readDefinition(file(t, 'acme.yaml', text)), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.status, 78);
      assert.match(error.message, /acme\.yaml is not valid YAML: an alias \(\*\) stands inside of what it repeats$/);
      return true;
    });
  }
});

test('a file with two definitions is refused, without a word of the library that reads it', async (t) => {
  const text = `${JSON.stringify(sound)}\n---\n${JSON.stringify(sound)}\n`;
  await assert.rejects(readDefinition(file(t, 'both.yaml', text)), (error) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.status, 78);
    assert.match(error.message, /both\.yaml has more than one document$/);
    assert.equal(error.hint, 'write each definition into a file of its own');
    return true;
  });
});

test('whoever wrote a definition that is wrong is told where the example lies', async (t) => {
  const example = fileURLToPath(new URL('../../examples/acme.yaml', import.meta.url));
  for (const text of ['name: x\n\tfoo: bar\n', JSON.stringify({ ...sound, pagging: {} })]) {
    await assert.rejects(readDefinition(file(t, 'fig.yaml', text)), (error) => {
      assert.ok(error instanceof Problem && error.hint?.includes(` ${example}`), String(error));
      return true;
    });
  }
});
