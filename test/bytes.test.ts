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
import { endedLines } from './support/lines.ts';
import { scratch } from './support/program.ts';
import { rawServer, reply } from './support/raw-server.ts';
import { fakeDatadog } from './support/sinks/datadog.ts';
import { fakeElastic } from './support/sinks/elastic.ts';
import { fakeOtlp } from './support/sinks/otlp.ts';
import { fakeSecops, secopsKey, secopsPlace } from './support/sinks/secops.ts';
import { fakeSekoia } from './support/sinks/sekoia.ts';
import { fakeSentinel, sentinelPlace } from './support/sinks/sentinel.ts';
import { fakeSplunk } from './support/sinks/splunk.ts';
import { fakeSyslog } from './support/sinks/syslog.ts';
import { fakeWebhook } from './support/sinks/webhook.ts';
import { unwrapped } from './support/unwrapped.ts';

const clock = { now: Date.UTC(2026, 10, 20, 9) };

interface Destination {
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Everything that arrived, in the order of arrival, as the texts of records. */
  texts(printed: string): string[];
  /** What may be other than at the vendor, besides line breaks and the blanks around them. */
  readonly but?: (text: string) => string;
  close?(): Promise<void>;
}

type Make = (directory: string) => Promise<Destination>;

const ofElastic = (lines: readonly string[]): string[] =>
  lines.filter((_, at) => at % 2 === 1).map((line) => textIn(line) ?? withoutTimestamp(line));
const ofSplunk = (lines: readonly string[]): string[] =>
  lines.map((line) => line.slice(line.indexOf('"},"event":') + '"},"event":'.length, -1));

/** How a record is taken out of each wire form. */
const forms: Readonly<Record<string, (lines: readonly string[]) => string[]>> = {
  elastic: ofElastic,
  splunk: ofSplunk,
  sekoia: (lines) => [...lines],
};

/** How each destination is reached, and how a record is taken out of what it got. */
const destinations: Readonly<Record<string, Make>> = {
  stdout: async () => ({ argv: [], texts: endedLines }),
  file: async (directory) => {
    const path = join(directory, 'records.jsonl');
    return { argv: ['--sink', 'file', '--output', path], texts: () => endedLines(readFileSync(path, 'utf8')) };
  },
  command: async (directory) => {
    const path = join(directory, 'taken.jsonl');
    return { argv: ['--', '/bin/sh', '-c', `cat >> ${path}`], texts: () => endedLines(readFileSync(path, 'utf8')) };
  },
  elastic: async () => {
    const server = await fakeElastic();
    return {
      argv: ['--sink', 'elastic'],
      environment: { ELASTIC_URL: server.url, ELASTIC_INDEX: 'logs', ELASTIC_API_KEY: 'a:key' },
      texts: () => server.bulks().flatMap(({ body }) => ofElastic(endedLines(body))),
      close: server.close,
    };
  },
  splunk: () => splunk({}),
  sekoia: () => sekoia({}),
  datadog: async () => {
    const server = await fakeDatadog();
    return {
      argv: ['--sink', 'datadog'],
      environment: { DATADOG_URL: server.url, DATADOG_API_KEY: 'a-long-key' },
      texts: () => server.logs.map(({ message }) => unwrapped(message)),
      close: server.close,
    };
  },
  sentinel: async () => {
    const { url, rows, close } = await fakeSentinel();
    return {
      argv: ['--sink', 'sentinel'],
      environment: {
        ...sentinelPlace,
        SENTINEL_URL: url,
        SENTINEL_LOGIN_URL: url,
        SENTINEL_CLIENT_SECRET: 'a-long-secret',
      },
      texts: () => rows.map(({ RawData }) => RawData),
      close,
    };
  },
  secops: async () => {
    const { url, logs, close } = await fakeSecops();
    const key = { SECOPS_PRIVATE_KEY: secopsKey, SECOPS_TOKEN_URL: `${url}/token` };
    return {
      argv: ['--sink', 'secops'],
      environment: { ...secopsPlace, ...key, SECOPS_URL: url },
      texts: () => logs.map(({ data }) => Buffer.from(data, 'base64').toString()),
      close,
    };
  },
  otlp: async () => {
    const { url, records, close } = await fakeOtlp();
    return {
      argv: ['--sink', 'otlp'],
      environment: { OTLP_URL: url, OTLP_HEADERS: 'api-key: a-long-key' },
      texts: () => records.map(({ body }) => body),
      close,
    };
  },
  webhook: () => webhook({}),
  syslog: () => syslog({}),
};

async function splunk(settings: Settings): Promise<Destination> {
  const server = await fakeSplunk({ ack: settings['SPLUNK_ACK'] === 'true' });
  return {
    argv: ['--sink', 'splunk'],
    environment: { SPLUNK_URL: server.url, SPLUNK_TOKEN: 'a-long-token', ...settings },
    texts: () => ofSplunk(server.posts().flatMap(({ body }) => endedLines(body))),
    close: server.close,
  };
}

async function sekoia(settings: Settings): Promise<Destination> {
  const server = await fakeSekoia();
  const endpoint = settings['SEKOIA_KEY_AS'] === 'body' ? { SEKOIA_ENDPOINT: 'batch' } : {};
  return {
    argv: ['--sink', 'sekoia'],
    environment: { SEKOIA_URL: server.url, SEKOIA_INTAKE_KEY: 'a-long-key', ...endpoint, ...settings },
    texts: () => server.lines,
    close: server.close,
  };
}

async function webhook(settings: Settings): Promise<Destination> {
  const server = await fakeWebhook();
  return {
    argv: ['--sink', 'webhook'],
    environment: { WEBHOOK_URL: `${server.url}/hook`, ...settings },
    texts: () => server.records,
    close: server.close,
  };
}

/** The record within the message, in each of its formats. */
const inMessage: Readonly<Record<string, (text: string) => string>> = {
  json: (text) => text,
  leef: (text) => text.slice(text.indexOf('\traw=') + '\traw='.length),
  cef: (text) => text.slice(text.indexOf(' msg=') + ' msg='.length).replace(/\\([\\=])/g, '$1'),
};

async function syslog(settings: Settings): Promise<Destination> {
  const server = await fakeSyslog();
  const format = settings['SYSLOG_FORMAT'] ?? 'json';
  return {
    argv: ['--sink', 'syslog'],
    environment: { SYSLOG_URL: server.address, SYSLOG_MAX_BYTES: '16000000', ...settings },
    texts: () => server.messages.map(({ text }) => inMessage[format]?.(text) ?? ''),
    // Tabs separate the attributes of LEEF.
    ...(format === 'leef' && { but: (text) => text.replaceAll('\t', ' ') }),
    close: server.close,
  };
}

type Settings = Readonly<Record<string, string>>;

/** Settings that change what is sent or how; each of their values is a destination of its own. */
const variants: Readonly<Record<string, (settings: Settings) => Promise<Destination>>> = {
  SPLUNK_ACK: splunk,
  SEKOIA_ENDPOINT: sekoia,
  SEKOIA_KEY_AS: sekoia,
  WEBHOOK_FORMAT: webhook,
  WEBHOOK_GZIP: webhook,
  SYSLOG_FORMAT: syslog,
};

/** A sink that takes the records as they stand, in another sink's wire form. */
function inForm(sink: string, make: Make, form: string): readonly [string, Make] {
  return [
    `${sink} in the form of ${form}`,
    async (directory) => {
      const { argv, texts } = await make(directory);
      const take = forms[form] ?? (() => assert.fail(`how is a record taken out of the form of ${form}?`));
      return { argv: ['--bulk-format', form, ...argv], texts: (printed) => take(texts(printed)) };
    },
  ];
}

const definitions = await Promise.all(Object.values(sinks).map((load) => load()));
/** Every choice that the settings of the sinks leave. */
const choices = definitions.flatMap(({ settings }) =>
  Object.entries(settings).flatMap(([setting, { kind, values = kind === 'flag' ? ['false', 'true'] : [] }]) =>
    values.map((value) => [setting, value] as const),
  ),
);
const everything: readonly (readonly [name: string, make: Make])[] = [
  ...Object.entries(destinations),
  ...Object.keys(wireForms).flatMap((form) =>
    ['stdout', 'file', 'command'].map((sink) => inForm(sink, destinations[sink] as Make, form)),
  ),
  ...choices.map(
    ([setting, value]) => [`${setting}=${value}`, async () => choose(setting, { [setting]: value })] as const,
  ),
];

async function choose(setting: string, settings: Settings): Promise<Destination> {
  return (variants[setting] ?? (() => assert.fail(`what does ${setting} do to the records?`)))(settings);
}

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
  readonly but: (text: string) => string;
  /** Lines of the quarantine, parsed. */
  readonly quarantine: readonly Readonly<Record<string, unknown>>[];
}

/** Sends a page with these records, cut into pieces at odd places, through the program to a destination. */
async function through(context: TestContext, make: Make, records: readonly (string | Buffer)[]): Promise<Outcome> {
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
    writeFileSync(
      path,
      JSON.stringify({
        ...base,
        records: { path: 'records', id: { content: true }, time: { path: 'time', format: 'iso' } },
      }),
    );
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
      but: destination.but ?? ((text) => text),
      quarantine: endedLines(quarantine).map((line) => JSON.parse(line) as Record<string, unknown>),
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

/** The record that is in there as text, because Elasticsearch takes none with a name such as "" or ".a". */
function textIn(line: string): string | undefined {
  const [, text] = /^\{"@timestamp":"[^"]*","message":("(?:[^"\\]|\\.)*")\}$/.exec(line) ?? [];
  return text === undefined ? undefined : (JSON.parse(text) as string);
}

test('every destination is in this file', () => {
  assert.deepEqual(Object.keys(destinations).toSorted(), Object.keys(sinks).toSorted());
});

/** Bytes of what a destination takes whole, where other records are shorter. */
const longest: Readonly<Record<string, number>> = { sentinel: 64_000 };

for (const [name, make] of everything) {
  const taken = recordText.filter((text) => Buffer.byteLength(text) <= (longest[name] ?? Infinity));
  test(`${name}: the SHA-256 of every record is that of the vendor's text`, async (context) => {
    await fc.assert(
      fc.asyncProperty(fc.array(taken, { minLength: 1, maxLength: 30 }), async (records) => {
        const { status, stderr, texts, but } = await through(context, make, records);
        assert.equal(status, 0, stderr);
        const wanted = records.map(onOneLine).map(but);
        if (JSON.stringify(digests(texts)) === JSON.stringify(digests(wanted))) return;
        assert.deepEqual([...texts].toSorted(), wanted.toSorted());
      }),
      { numRuns: Object.hasOwn(destinations, name) ? 12 : 5 },
    );
  });
}

for (const [name, make] of Object.entries(destinations)) {
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
