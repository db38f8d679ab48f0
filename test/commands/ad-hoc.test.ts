/** Runs without a position, as real processes: what they leave behind, and where. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratch, shell } from '../support/program.ts';

const search = `printf 'not json\\n{"id":1}\\n' | $AUDIT_EXPORT --source - --no-position`;

for (const [variable, folder] of [
  ['STATE_DIRECTORY', ''],
  ['XDG_STATE_HOME', 'audit-export'],
] as const) {
  test(`a search without HOME sets records aside where ${variable} says`, async (t) => {
    const directory = scratch(t);
    const [work, state] = [join(directory, 'work'), join(directory, 'state')];
    mkdirSync(work);
    const ended = await shell(search, { directory: work, environment: { [variable]: state } });
    assert.deepEqual([ended.status, ended.stdout], [3, '{"id":1}\n'], ended.stderr);
    assert.deepEqual(readdirSync(work), []);
    const [file = '', ...others] = readdirSync(join(state, folder));
    assert.match(file, /^stdin\.stdout\.[0-9a-f]{8}\.quarantine\.jsonl$/);
    assert.deepEqual(others, []);
    assert.match(readFileSync(join(state, folder, file), 'utf8'), /"record":"not json"/);
    assert.ok(ended.stderr.includes(join(state, folder, file)), ended.stderr);
  });
}

test('a search without a place for a state directory works, as long as nothing has to be set aside', async (t) => {
  const directory = scratch(t);
  const homeless = { directory, environment: { HOME: '' } };
  const fine = await shell(`echo '{"id":1}' | $AUDIT_EXPORT --source - --no-position`, homeless);
  assert.deepEqual([fine.status, fine.stdout, fine.stderr], [0, '{"id":1}\n', '']);
  const ended = await shell(search, homeless);
  assert.equal(ended.status, 78);
  assert.match(ended.stderr, /no place for a record that must be set aside[^]*hint: .*--state-dir/);
  assert.deepEqual(readdirSync(directory), []);
  const placed = await shell(`${search} --state-dir state`, homeless);
  assert.equal(placed.status, 3);
  assert.equal(readdirSync(join(directory, 'state')).length, 1);
});

test('a search for a field that no record has says so, and how many were read; one that only finds nothing does not', async (t) => {
  const directory = scratch(t);
  const lines = `printf '{"id":1,"who":"al"}\\n{"id":2,"who":"bo"}\\n' | $AUDIT_EXPORT --source -`;
  const warning = 'audit-export: warning: --query: no record has wo, and 2 were read\n';
  for (const [flags, said] of [
    ['--query wo=al', warning],
    ['--query who=al,wo=al', warning],
    ['--query who=cy', ''],
    ['--query wo=al -q', ''],
    ['--query wo=al -c', ''], // at every tick of a job it would be a mail
  ] as const) {
    const ended = await shell(`${lines} ${flags} --state-dir state`, { directory });
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', said], flags);
  }
  const none = await shell('$AUDIT_EXPORT --source - --query wo=al < /dev/null', { directory });
  assert.deepEqual([none.status, none.stderr], [0, '']);
});

test('categories of records that have none are told, in a job as well: all of them are left out, at every tick', async (t) => {
  const directory = scratch(t);
  const lines = `printf '{"id":1,"kind":"system"}\\n{"id":2,"type":"system"}\\n' | $AUDIT_EXPORT --source - --categories system`;
  const warning = 'audit-export: warning: --categories: no record has category, and 2 were read\n';
  const some = `printf '{"id":1}\\n{"id":2,"category":"other"}\\n' | $AUDIT_EXPORT --source - --categories system`;
  const lists = `printf '{"id":1,"category":["system"]}\\n' | $AUDIT_EXPORT --source - --categories system`;
  for (const [line, said] of [
    [`${lines} --no-position`, warning],
    [`${lines} --state-dir state`, warning],
    [
      `${lines} --no-position --query kind=x,nme=y`,
      `audit-export: warning: --query: no record has nme, and 2 were read\n${warning}`,
    ],
    [`${some} --state-dir state`, ''],
    [
      `${lists} --no-position`,
      'audit-export: warning: --categories: category is a list or an object in all records that have it, and 1 was read; ' +
        'name a member of an object, or pipe the records into jq\n',
    ],
  ] as const) {
    const ended = await shell(line, { directory });
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', said], line);
  }
  const checked = await shell(`${lines.replace('$AUDIT_EXPORT', '$AUDIT_EXPORT check')} --no-position`, { directory });
  assert.match(
    checked.stdout,
    /^warning source stdin: 2 records in what came first; --categories: no record has category, and 2 were read$/m,
  );
});

test('a search for a value where every record has a list or an object says so: it finds nothing, whatever is in them', async (t) => {
  const directory = scratch(t);
  const lines = `printf '{"id":1,"roles":["admin"],"who":{"name":"al"}}\\n{"id":2,"roles":"user"}\\n' | $AUDIT_EXPORT --source -`;
  const said = (key: string): string =>
    `audit-export: warning: --query: ${key} is a list or an object in all records that have it, and 2 were read; ` +
    'name a member of an object, or pipe the records into jq\n';
  for (const [flags, found, told] of [
    ['--query who=al', '', said('who')],
    ['--query who=al -c', '', ''],
    ['--query roles=admin', '', ''], // one has a text there
    [`--query 'who={"name":"bo"}'`, '', ''],
    ['--query who.name=al', '{"id":1,"roles":["admin"],"who":{"name":"al"}}\n', ''],
  ] as const) {
    const ended = await shell(`${lines} ${flags} --state-dir state`, { directory });
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, found, told], flags);
  }
});
