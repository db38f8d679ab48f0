/** A record too large to hold, and records that come one a line. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { answer } from './answers.ts';
import type { Definition } from './definition.ts';
import { fault, scene, type Scene } from './harness.ts';
import { watchMemory } from './peak-memory.ts';
import { once } from './replies.ts';
import type { Fault } from './vendor.ts';

const piece = 'x'.repeat(1024 * 1024);
const pieces = 300;

/** The SHA-256 of what the first line of the quarantine holds as base64, read in bounded memory. */
async function setAsideHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  let begun = false;
  let rest = '';
  for await (const chunk of createReadStream(path, 'latin1') as AsyncIterable<string>) {
    rest += chunk;
    if (!begun) {
      assert.match(
        rest,
        /^\{"time":"[^"]*","source":"acme","sink":"stdout","branch":"","reason":"larger than \d+ bytes",/,
      );
      rest = rest.slice(rest.indexOf('"base64":"') + '"base64":"'.length);
      begun = true;
    }
    const end = rest.indexOf('"');
    const whole = end === -1 ? rest.length - (rest.length % 4) : end;
    hash.update(Buffer.from(rest.slice(0, whole), 'base64'));
    if (end !== -1) {
      assert.equal(rest.slice(end), '"}\n');
      break;
    }
    rest = rest.slice(whole);
  }
  return hash.digest('hex');
}

/** What is that large takes a busy machine minutes: 92 s were seen for 300 MB. */
const patience = 600_000;

fault(
  'J12',
  'a record of 300 MB goes to the quarantine in bounded memory, and the rest goes on',
  async (context) => {
    const here = await scene(context, { records: 2, define: (base) => ({ ...base, limits: { page: 100 } }) });
    const [first = '', last = ''] = here.vendor.records.map(({ text }) => text);
    const head = '{"id":"huge","n":"';
    const hash = createHash('sha256').update(head);
    here.vendor.fault = () => async (socket) => {
      const before = `{"records":[${first},${head}`;
      const after = `"},${last}],"next":null}`;
      const length = before.length + pieces * piece.length + after.length;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${before}`);
      for (let at = 0; at < pieces; at++) {
        hash.update(piece);
        if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve));
      }
      socket.write(after);
    };
    const peak = watchMemory(here);
    const result = await here.spawn([], { environment: peak.environment });
    assert.equal(result.status, 3, result.stderr);
    assert.match(result.stderr, /^audit-export: 1 record was not delivered but set aside in /);
    here.expectDelivered();
    const path = join(here.stateDirectory, 'faults.quarantine.jsonl');
    assert.equal(await setAsideHash(path), hash.update('"}').digest('hex'));
    assert.ok(peak.megabytes() < 200, `${peak.megabytes()} MB`);
  },
  patience,
);

/** A reply with records around one whose text is the head and `count` pieces; without `after` it breaks off. */
async function pour(socket: Socket, before: string, count: number, after: string | undefined): Promise<void> {
  function* reply(): Generator<string> {
    yield `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${before}`;
    for (let at = 0; at < count; at++) yield piece;
    if (after !== undefined) yield after;
  }
  await pipeline(Readable.from(reply(), { highWaterMark: 1 }), socket, { end: after !== undefined }).catch(
    () => undefined,
  );
  if (after === undefined) socket.resetAndDestroy();
}

fault('J12', 'a large record whose reply breaks off is set aside once and whole, and never again', async (context) => {
  const here = await scene(context, { records: 2, define: (base) => ({ ...base, limits: { page: 100 } }) });
  const [first = '', last = ''] = here.vendor.records.map(({ text }) => text);
  const head = '{"id":"huge","n":"';
  let asked = 0;
  here.vendor.fault = () => (socket) =>
    pour(socket, `{"records":[${first},${head}`, 20, ++asked === 1 ? undefined : `"},${last}],"next":null}`);
  const result = await here.run();
  assert.deepEqual([result.status, asked], [3, 2], result.stderr);
  here.expectDelivered();
  const path = join(here.stateDirectory, 'faults.quarantine.jsonl');
  const hash = createHash('sha256').update(head);
  for (let at = 0; at < 20; at++) hash.update(piece);
  assert.equal(await setAsideHash(path), hash.update('"}').digest('hex'));
  const { size } = statSync(path);
  assert.ok(size < (21 * piece.length * 4) / 3, 'once');
  here.clock.now += 60_000;
  here.expectSuccess(await here.run());
  assert.equal(statSync(path).size, size, 'the next window shows it again');
});

fault(
  'J12',
  'a record that never ends is given up at 1 GiB with 65, and leaves nothing on the disk',
  async (context) => {
    const here = await scene(context, { records: 2 });
    here.vendor.fault = () => (socket) => pour(socket, '{"records":[{"id":"endless","n":"', Infinity, '');
    const peak = watchMemory(here);
    const result = await here.spawn([], { environment: peak.environment });
    await here.expectProblem(result, {
      exit: 65,
      message: /^acme sent a record of more than 1073741824 bytes, too large to set aside$/,
      hint: /^nothing was skipped and the position stays/,
    });
    assert.ok(peak.megabytes() < 200, `${peak.megabytes()} MB`);
    assert.deepEqual(
      readdirSync(here.stateDirectory).filter((name) => /quarantine/.test(name)),
      [],
    );
  },
  patience,
);

/** One record a line, all in one reply. */
function inLines(base: Definition): Definition {
  const { path: _, ...records } = base.records;
  return { ...base, records: { ...records, format: 'lines' }, paging: { type: 'none' } };
}

/** What the vendor has, as lines, edited. */
function lines(here: Scene, edit: (text: string) => string): Fault {
  return () => answer(here, 200, edit(here.vendor.records.map(({ text }) => `${text}\n`).join('')));
}

for (const [what, edit] of [
  ['carriage returns', (text: string) => text.replaceAll('\n', '\r\n')],
  ['blank lines and comments', (text: string) => `# acme\n\n${text.replaceAll('\n', '\n \t\n\r\n')}\n\n`],
  ['no line break at the end', (text: string) => text.trimEnd()],
  ['a byte order mark', (text: string) => `\ufeff${text}`],
] as const) {
  fault('J17', `JSON Lines with ${what} are read`, async (context) => {
    const here = await scene(context, { define: inLines });
    here.vendor.fault = lines(here, edit);
    here.expectSuccess(await here.run());
  });
}

fault('J17', 'JSON Lines with a torn last line are asked for again', async (context) => {
  const here = await scene(context, { define: inLines });
  const honest = lines(here, (text) => text);
  const torn = once(lines(here, (text) => text.slice(0, -20)));
  here.vendor.fault = (asked, bytes) => torn(asked, bytes) ?? honest(asked, bytes);
  here.expectSuccess(await here.run());
  assert.equal(here.vendor.requests.length, 2);
});

fault('J17', 'JSON Lines whose last line is torn each time are given up', async (context) => {
  const here = await scene(context, { define: inLines });
  here.vendor.fault = lines(here, (text) => text.slice(0, -20));
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme: the reply to page 1 was cut off in its last line$/,
    hint: /^the next run asks again/,
    lift: () => (here.vendor.fault = lines(here, (text) => text)),
  });
});
