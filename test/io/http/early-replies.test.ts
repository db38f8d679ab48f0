/** Replies that come before the server has read the request. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { certificateAuthority } from '../../support/certificates.ts';
import { clientFor, isTransient, openClient, problemOf } from '../../support/http-client.ts';
import { rawServerFor, reply, silence, type RawServerOptions } from '../../support/raw-server.ts';

const authority = certificateAuthority();
after(() => authority.remove());

/** More bytes than the kernel takes, for both sides together. */
const large = 64 * 1024 * 1024;
const request = { method: 'POST', url: '/', body: Buffer.alloc(large, 'x') } as const;

/** Answers when the first bytes are there and reads no more; `then` is called once that is written, with their number. */
function early(answer: Buffer, then: (socket: Socket, arrived: number) => void = () => undefined): RawServerOptions {
  return {
    onConnection(socket) {
      socket.once('data', (bytes: Buffer) => {
        socket.pause();
        socket.write(answer, () => then(socket, bytes.length));
      });
      return true;
    },
  };
}

for (const [kind, headers, tls] of [
  ['TCP', {}, undefined],
  ['TCP, to be closed', { Connection: 'close' }, undefined],
  ['TLS', {}, authority.issue()],
] as const) {
  test(`a request whose success comes before it has left arrives whole, over ${kind}`, async (t) => {
    let arrived: Promise<unknown> | undefined;
    let bytes = 0;
    const options = early(reply(200, headers, 'taken'), (socket, first) => {
      bytes = first;
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
      arrived = once(socket.resume(), 'close');
    });
    const server = await rawServerFor(t, silence, { ...options, ...(tls !== undefined && { tls }) });
    const http = openClient(server.url, { extraRoots: authority.cert, timeout: 30_000 });
    const answer = await http.send(request);
    assert.equal(await answer.text(), 'taken');
    await http.close();
    await arrived;
    assert.ok(bytes > large, `${bytes} bytes of ${large}`);
  });
}

for (const [kind, headers] of [
  ['to be kept', {}],
  ['to be closed', { Connection: 'close' }],
] as const) {
  test(`a success whose connection, ${kind}, breaks before the request has left is none, and the request may have been taken`, async (t) => {
    const options = early(reply(200, headers, 'taken'), (socket) => socket.resetAndDestroy());
    const server = await rawServerFor(t, silence, options);
    const answer = clientFor(t, server.url).send(request);
    isTransient(
      await problemOf(answer.then(({ text }) => text())),
      /broke the connection \((?:EPIPE|ECONNRESET), POST \/\)$/,
    );
  });
}

test('a success whose request is never read ends at the time limit, and the connection with it', async (t) => {
  let stalled: Socket | undefined;
  const options = early(reply(200, {}, 'taken'), (socket) => (stalled = socket));
  const server = await rawServerFor(t, silence, options);
  const answer = await clientFor(t, server.url, { timeout: 300 }).send(request);
  isTransient(await problemOf(answer.text()), /did not complete its reply within 0\.3 s/);
  assert.ok(stalled);
  await once(stalled.resume(), 'close'); // what the kernel has kept, and then the end
});

test('a refusal that comes before the request has left is returned at once', async (t) => {
  const server = await rawServerFor(t, silence, early(reply(413, {}, 'too large')));
  const { status } = await clientFor(t, server.url).send(request);
  assert.equal(status, 413);
});

/**
 * A server in a thread of its own that answers and hangs up once it has a connection, before it has read anything. Writing
 * fails then, for certain: the request is held up until the connection is gone. Returns its address.
 */
async function hangsUpFirst(t: TestContext, answer: Buffer): Promise<string> {
  const isGone = new Int32Array(new SharedArrayBuffer(4));
  const script = `
    const { parentPort, workerData: { answer, isGone } } = require('node:worker_threads');
    const server = require('node:net').createServer((socket) => {
      socket.write(answer, () => {
        socket.resetAndDestroy();
        Atomics.store(isGone, 0, 1);
        Atomics.notify(isGone, 0);
      });
    });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
  const thread = new Worker(script, { eval: true, workerData: { answer, isGone } });
  t.after(() => thread.terminate());
  const aboutToWrite = 'undici:client:sendHeaders';
  const wait = (): void => void Atomics.wait(isGone, 0, 0);
  subscribe(aboutToWrite, wait);
  t.after(() => unsubscribe(aboutToWrite, wait));
  const [port] = (await once(thread, 'message')) as [number];
  return `http://127.0.0.1:${port}`;
}

for (const [kind, answer] of [
  ['to be kept', reply(413, {}, 'too large')],
  ['to be closed', reply(413, { Connection: 'close' }, 'too large')],
] as const) {
  test(`a refusal is read although the connection, ${kind}, was broken before the request was written`, async (t) => {
    const answered = await clientFor(t, await hangsUpFirst(t, answer)).send(request);
    assert.equal(answered.status, 413);
    assert.equal(await answered.text(), 'too large');
  });
}

for (const [what, answer] of [
  ['no reply', Buffer.alloc(0)],
  ['a part of a head', Buffer.from('HTTP/1.1 413 Too')],
  ['a success', reply(200, {}, 'taken')],
  ['a success with a long body', reply(200, {}, Buffer.alloc(1_000_000, 'x'))],
] as const) {
  test(`a connection that brought ${what}, and was broken before the request was written, is one that broke`, async (t) => {
    const answered = clientFor(t, await hangsUpFirst(t, answer)).send(request);
    isTransient(
      await problemOf(answered.then(({ text }) => text())),
      /broke the connection \((?:EPIPE|ECONNRESET), POST \/\)$/,
    );
  });
}

test('a connection on which a request was refused before it had left is not used again: the rest might be left unread', async (t) => {
  const server = await rawServerFor(t, silence, early(reply(413, {}, 'too large')));
  const http = clientFor(t, server.url);
  for (let count = 0; count < 2; count++) {
    const { status, text } = await http.send(request);
    assert.equal(`${status} ${await text()}`, '413 too large');
  }
  assert.equal(server.connections, 2);
});
