import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exit, Problem } from '../../src/core/problem.ts';
import { readDefinition } from '../../src/io/definition-file.ts';
import { processorTime } from '../support/processor-time.ts';
import { scratch } from '../support/program.ts';
import { apple } from '../support/refused-definitions.ts';
import { problem } from '../support/problem.ts';

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
  const path = join(scratch(t), name);
  writeFileSync(path, text);
  return path;
}

test('a file may be YAML or JSON', async (t) => {
  assert.deepEqual(await readDefinition(file(t, 'apple.json', JSON.stringify(apple))), apple);
  const example = await readDefinition(new URL('../../examples/acme.yaml', import.meta.url).pathname);
  assert.equal(example.name, 'acme');
});

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
      assert.match(error.message, /acme\.json is not valid JSON: .* at line \d+, column \d+$/);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a placeholder at the beginning of a text without quotes is reported with what it needs', async (t) => {
  const text = 'name: acme\nurl: {ACME_URL}/v1\n';
  await assert.rejects(readDefinition(file(t, 'acme.yaml', text)), (error) => {
    assert.ok(error instanceof Problem);
    assert.match(error.message, /acme\.yaml is not valid YAML: .* at line 2, column 16$/);
    assert.match(error.hint ?? '', /^fix the file there; a text that begins with a \{ needs quotes; /);
    return true;
  });
});

test('a definition with an alias inside of what it repeats is refused', async (t) => {
  const request = 'request: &a { path: /log, method: POST, json: *a }\n';
  const { request: _request, ...rest } = sound;
  for (const text of ['&a [*a]', `${JSON.stringify(rest).slice(0, -1)},\n"variables": &a { x: *a } }`, request]) {
    await assert.rejects(
      readDefinition(file(t, 'acme.yaml', text)),
      problem(78, /acme\.yaml is not valid YAML: an alias \(\*\) stands inside of what it repeats$/),
    );
  }
});

test('a definition that is nested too deeply is refused as such, in YAML and in JSON, however deep it is', async (t) => {
  const nested = (levels: number, open: string, close: string): string =>
    `{"name": "acme", "request": {"json": ${open.repeat(levels)}1${close.repeat(levels)}}}`;
  for (const levels of [100, 700, 2500, 100_000]) {
    for (const text of [nested(levels, '[', ']'), nested(levels, '{"j":', '}')]) {
      for (const [name, before] of [
        ['acme.json', ''],
        ['acme.yaml', '# Acme\n'],
      ] as const) {
        const at =
          /acme\.\w+(?:: request\.json is nested more than 100 levels deep| is nested more than 100 levels deep, at line \d+, column \d+)$/;
        await assert.rejects(readDefinition(file(t, name, before + text)), problem(exit.config, at));
      }
    }
  }
  const open = file(t, 'acme.json', `{"name":${'['.repeat(5000)}`);
  await assert.rejects(
    readDefinition(open),
    problem(exit.config, /acme\.json is nested more than 100 levels deep, at/),
  );
});

test('a file with two definitions is refused, without a word of the library that reads it', async (t) => {
  const text = `${JSON.stringify(sound)}\n---\n${JSON.stringify(sound)}\n`;
  await assert.rejects(
    readDefinition(file(t, 'both.yaml', text)),
    problem(78, /both\.yaml has more than one document$/, 'write each definition into a file of its own'),
  );
});

test('the hint about a wrong definition says where the example is', async (t) => {
  const example = fileURLToPath(new URL('../../examples/acme.yaml', import.meta.url));
  for (const text of ['name: x\n\tfoo: bar\n', JSON.stringify({ ...sound, pagging: {} })]) {
    await assert.rejects(readDefinition(file(t, 'fig.yaml', text)), (error) => {
      assert.ok(error instanceof Problem && error.hint?.includes(` ${example}`), String(error));
      return true;
    });
  }
});

test('a file that is not there is named', async (t) => {
  await assert.rejects(
    readDefinition(join(scratch(t), 'none.yaml')),
    problem(exit.config, /none\.yaml cannot be read \(ENOENT: there is no such file\)/),
  );
});

test('a file that is looked for in the wrong folder is said to have been looked for there: cron begins in a home', async () => {
  await assert.rejects(
    readDefinition('none.yaml'),
    (error) => error instanceof Problem && error.hint?.endsWith(`; it was looked for in ${process.cwd()}`) === true,
  );
});

test('a named pipe into which nobody writes is reported as one, as it is for settings', async (t) => {
  const path = file(t, 'pipe.yaml', '');
  rmSync(path);
  execFileSync('mkfifo', [path]);
  await assert.rejects(
    readDefinition(path, 100),
    problem(
      exit.config,
      / cannot be read \(ETIMEDOUT: nobody writes into this named pipe\)$/,
      /^start what is to write into it/,
    ),
  );
});

test('a file of many names that mean nothing is refused in a moment, not compared name with name', async (t) => {
  const names = Array.from({ length: 60_000 }, (_, at) => `name${at}`);
  const path = file(t, 'many.yaml', names.map((name) => `${name}: 1\n`).join(''));
  const spent = await processorTime(() =>
    assert.rejects(readDefinition(path), / means nothing here.*; and \d+ more$/s),
  );
  assert.ok(spent < 10_000, `${spent} ms`);
});

const files: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['a key given twice', 'name: a\nname: b\n', /not valid YAML: Map keys must be unique at line 2, column 1$/],
  [
    'a key given twice further in',
    'a: { b: [{ c: 1, "c": 2 }] }\n',
    /not valid YAML: Map keys must be unique at line 1/,
  ],
  ['broken YAML', 'name: [a\n', /not valid YAML/],
  ['aliases of aliases', bomb(), /not valid YAML: Excessive alias count/],
  ['a tag', 'name: !!js/function x\n', /not valid YAML/],
  ['nothing', '', /expected/],
  ['a text', 'hello', /expected object, found "hello"/],
];
for (const [what, text, message] of files) {
  test(`${what} in a file is refused`, async (t) => {
    const path = file(t, 'wrong.yaml', text);
    await assert.rejects(readDefinition(path), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.status, exit.config);
      assert.ok(error.message.includes(path));
      assert.match(error.message, message);
      return true;
    });
  });
}

/** Ten levels of ten aliases: ten thousand million texts. */
function bomb(): string {
  const levels = Array.from({ length: 10 }, (_, level) => {
    const below = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 10 }, () => below).join(', ')}]`;
  });
  return `${levels.join('\n')}\n`;
}
