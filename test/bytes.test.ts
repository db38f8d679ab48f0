/**
 * Nothing is altered. Records as odd as JSON allows go through every destination and every wire form; what arrives there
 * is taken out of the wire form again, and its SHA-256 is that of the vendor's text.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { main } from '../src/main.ts';
import { sinks, wireForms } from '../src/sinks/index.ts';
import { baseDefinition } from './faults/definition.ts';
import { faultWorld } from './faults/world.ts';
import { objectText } from './support/json-arbitrary.ts';
import { scratch } from './support/program.ts';
import { rawServer, reply } from './support/raw-server.ts';
import { fakeDatadog } from './support/sinks/datadog.ts';
import { fakeElastic } from './support/sinks/elastic.ts';
import { fakeSekoia } from './support/sinks/sekoia.ts';
import { fakeSplunk } from './support/sinks/splunk.ts';
import { fakeSyslog } from './support/sinks/syslog.ts';
import { fakeWebhook } from './support/sinks/webhook.ts';

const clock = { now: Date.UTC(2026, 10, 20, 9) };

interface Destination {
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Everything that arrived, in the order of arrival, as the texts of records. */
  texts(printed: string): string[];
  close?(): Promise<void>;
}

const ofElastic = (lines: readonly string[]): string[] => lines.filter((_, at) => at % 2 === 1).map(withoutTimestamp);
const ofSplunk = (lines: readonly string[]): string[] =>
  lines.map((line) => line.slice(line.indexOf('"},"event":') + '"},"event":'.length, -1));

/** How each destination is reached, and how a record is taken out of what it got. */
const destinations: Readonly<Record<string, (directory: string) => Promise<Destination>>> = {
  stdout: async () => ({ argv: [], texts: linesOf }),
  file: async (directory) => {
    const path = join(directory, 'records.jsonl');
    return { argv: ['--sink', 'file', '--output', path], texts: () => linesOf(readFileSync(path, 'utf8')) };
  },
  command: async (directory) => {
    const path = join(directory, 'taken.jsonl');
    return { argv: ['--', '/bin/sh', '-c', `cat >> ${path}`], texts: () => linesOf(readFileSync(path, 'utf8')) };
  },
  elastic: async () => {
    const server = await fakeElastic();
    return {
      argv: ['--sink', 'elastic'],
      environment: { ELASTIC_URL: server.url, ELASTIC_INDEX: 'logs', ELASTIC_API_KEY: 'a:key' },
      texts: () => server.bulks().flatMap(({ body }) => ofElastic(linesOf(body))),
      close: server.close,
    };
  },
  splunk: async () => {
    const server = await fakeSplunk();
    return {
      argv: ['--sink', 'splunk'],
      environment: { SPLUNK_URL: server.url, SPLUNK_TOKEN: 'a-long-token' },
      texts: () => ofSplunk(server.posts().flatMap(({ body }) => linesOf(body))),
      close: server.close,
    };
  },
  sekoia: async () => {
    const server = await fakeSekoia();
    return {
      argv: ['--sink', 'sekoia'],
      environment: { SEKOIA_URL: server.url, SEKOIA_INTAKE_KEY: 'a-long-key' },
      texts: () => server.requests.flatMap(({ body }) => linesOf(body)),
      close: server.close,
    };
  },
  datadog: async () => {
    const server = await fakeDatadog();
    return {
      argv: ['--sink', 'datadog'],
      environment: { DATADOG_URL: server.url, DATADOG_API_KEY: 'a-long-key' },
      texts: () => server.logs.map(({ message }) => message),
      close: server.close,
    };
  },
  webhook: async () => {
    const server = await fakeWebhook();
    return {
      argv: ['--sink', 'webhook'],
      environment: { WEBHOOK_URL: `${server.url}/hook`, WEBHOOK_FORMAT: 'array' },
      texts: () => server.records,
      close: server.close,
    };
  },
  syslog: async () => {
    const server = await fakeSyslog();
    return {
      argv: ['--sink', 'syslog'],
      environment: { SYSLOG_URL: server.address, SYSLOG_MAX_BYTES: '16000000' },
      texts: () => server.messages.map(({ text }) => text),
      close: server.close,
    };
  },
  'stdout in the form of elastic': async () => ({
    argv: ['--bulk-format', 'elastic'],
    texts: (printed) => ofElastic(linesOf(printed)),
  }),
  'stdout in the form of splunk': async () => ({
    argv: ['--bulk-format', 'splunk'],
    texts: (printed) => ofSplunk(linesOf(printed)),
  }),
  'stdout in the form of sekoia': async () => ({ argv: ['--bulk-format', 'sekoia'], texts: linesOf }),
};

// ------------------------------------------------------------------------------------------------ records

const numberText = fc.stringMatching(/^-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,4})?$/);

/** One character of a JSON string in one of its spellings. */
const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
  fc.constantFrom('\u007f', '\u0080', '\u009b', '\u2028', '\u2029', '\u202e', '\ufeff', '\ufffd', '\u{10ffff}', '漢'),
  fc.nat(0xffff).map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
  fc.nat(0xffff).map((unit) => `\\u${unit.toString(16).padStart(4, '0').toUpperCase()}`),
  fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t', '\\ud800', '\\udc00\\ud800', '"},"event":'),
);
const stringText = fc
  .array(character, { maxLength: 20 })
  .map(
    (parts) => `"${parts.map((part) => (part.startsWith('"') ? JSON.stringify(part).slice(1, -1) : part)).join('')}"`,
  );

const member = fc.tuple(stringText, fc.oneof(numberText, stringText)).map(([key, text]) => `${key}:${text}`);
const nested = fc
  .tuple(fc.integer({ min: 1, max: 500 }), fc.boolean(), numberText)
  .map(([depth, arrays, core]) =>
    arrays
      ? `{"d":${'['.repeat(depth)}${core}${']'.repeat(depth)}}`
      : `${'{"d":'.repeat(depth)}${core}${'}'.repeat(depth)}`,
  );
const long = fc
  .tuple(stringText, fc.integer({ min: 1000, max: 60_000 }))
  .map(([text, length]) => `{"long":"${'x漢'.repeat(length)}","more":${text}}`);

const recordText = fc.oneof(
  { weight: 4, arbitrary: objectText },
  { weight: 4, arbitrary: fc.array(member, { maxLength: 8 }).map((members) => `{${members.join(', ')}}`) },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: long },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{}', '{ }', '{"@timestamp":"2026-01-01T00:00:00Z"}', '{"\\u0040timestamp":1}'),
  },
);

/** The vendor's text on one line: line breaks between tokens go, and with them the blanks around them. */
function onOneLine(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/gs, (run: string, literal?: string) =>
    literal === undefined && /[\r\n]/.test(run) ? '' : run,
  );
}

// ------------------------------------------------------------------------------------------------ runs

interface Outcome {
  readonly status: number;
  readonly stderr: string;
  readonly texts: readonly string[];
  /** Lines of the quarantine, parsed. */
  readonly quarantine: readonly Readonly<Record<string, unknown>>[];
}

/** Sends a page with these records, cut into pieces at odd places, through the program to a destination. */
async function through(
  context: TestContext,
  make: (directory: string) => Promise<Destination>,
  records: readonly (string | Buffer)[],
): Promise<Outcome> {
  const directory = scratch(context);
  const parts = records.flatMap((record) => [Buffer.from(record), Buffer.from(',\n  ')]).slice(0, -1);
  const page = Buffer.concat([Buffer.from('{"records":['), ...parts, Buffer.from('],"next":null}')]);
  const bytes = reply(200, { Date: new Date(clock.now).toUTCString(), 'Content-Type': 'application/json' }, page);
  const server = await rawServer(async (socket) => {
    for (let at = 0; at < bytes.length; at += 1777) {
      socket.write(bytes.subarray(at, at + 1777));
      if (at % (7 * 1777) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const destination = await make(directory);
  try {
    const path = join(directory, 'acme.json');
    const base = baseDefinition(false);
    writeFileSync(path, JSON.stringify({ ...base, records: { path: 'records', id: { content: true } } }));
    const world = faultWorld({
      clock,
      environment: { ACME_URL: server.url, ACME_TOKEN: 'a-long-token', ...destination.environment },
      limited: false,
    });
    const words = ['--source', path, '--state-dir', join(directory, 'state'), '--job', 'bytes', ...destination.argv];
    const status = await main(words, world.world);
    let quarantine = '';
    if (status === 3) quarantine = readFileSync(join(directory, 'state', 'bytes.quarantine.jsonl'), 'utf8');
    return {
      status,
      stderr: world.stderr(),
      texts: destination.texts(world.stdout()),
      quarantine: linesOf(quarantine).map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  } finally {
    await destination.close?.();
    await server.close();
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Texts as digests, in no particular order: several requests may be under way at once. */
function digests(texts: readonly string[]): string[] {
  return texts.map(digest).toSorted();
}

function withoutTimestamp(source: string): string {
  const spliced = `{"@timestamp":"${new Date(clock.now).toISOString()}"`;
  return source.startsWith(spliced) ? `{${source.slice(spliced.length).replace(/^,/, '')}` : source;
}

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

test('every destination and every wire form is in this file', () => {
  const names = [...Object.keys(sinks), ...Object.keys(wireForms).map((form) => `stdout in the form of ${form}`)];
  assert.deepEqual(Object.keys(destinations).toSorted(), names.toSorted());
});

for (const [name, make] of Object.entries(destinations)) {
  test(`${name}: the SHA-256 of every record is that of the vendor's text`, async (context) => {
    await fc.assert(
      fc.asyncProperty(fc.array(recordText, { minLength: 1, maxLength: 30 }), async (records) => {
        const { status, stderr, texts } = await through(context, make, records);
        assert.equal(status, 0, stderr);
        const wanted = records.map(onOneLine);
        if (JSON.stringify(digests(texts)) === JSON.stringify(digests(wanted))) return;
        assert.deepEqual([...texts].toSorted(), wanted.toSorted());
      }),
      { numRuns: 12 },
    );
  });

  test(`${name}: a record that is not UTF-8 is set aside byte for byte, its neighbours arrive`, async (context) => {
    const broken = [
      Buffer.from([0xff]),
      Buffer.from([0xc3]),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from([0xf4, 0x90, 0x80, 0x80]),
    ].map((bytes) => Buffer.concat([Buffer.from('{"a":"é'), bytes, Buffer.from('漢"}')]));
    const good = broken.map((_, at) => `{"good":${at}.0e0,"s":"é"}`);
    const mixed = broken.flatMap((record, at) => [record, good[at] ?? '']);
    const { status, stderr, texts, quarantine } = await through(context, make, mixed);
    assert.equal(status, 3, stderr);
    assert.deepEqual([...texts].toSorted(), good);
    assert.deepEqual(
      quarantine.map(({ base64 }) => base64),
      broken.map((bytes) => bytes.toString('base64')),
    );
  });
}
