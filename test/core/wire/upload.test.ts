import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import type { Http, HttpRequest } from '../../../src/core/tools.ts';
import { upload } from '../../../src/core/wire/upload.ts';
import { openSinkHttp } from '../../support/sink-http.ts';

test('batches that are too large for the server are half as large from then on, but no smaller than 64 KiB', async (t) => {
  const http = openSinkHttp('http://127.0.0.1:9');
  t.after(() => http.close());
  const uploads = upload(http, 'acme', { records: 1000, bytes: 4_000_000, record: 1_000_000 });
  const sizes = [
    [9, 900_000],
    [1, 800_000], // of a single record it says nothing about batches
    [9, 300_000],
    [9, 700_000], // was on its way already
    [9, 1000],
  ].map(([count = 0, size = 0]) => {
    assert.deepEqual(uploads.tooLarge({ count, body: Buffer.alloc(size) }, 'no'), { split: 'no', tooLarge: true });
    return uploads.limits();
  });
  assert.deepEqual(
    sizes,
    [450_000, 450_000, 150_000, 150_000, 65_536].map((bytes) => ({ records: 1000, bytes, record: 1_000_000 })),
  );
});

/** What becomes of a batch that is answered so: the verdict, and whether the next one is compressed. */
async function answered(
  status: number,
  text: string,
  size = 2000,
): Promise<readonly [verdict: unknown, next: boolean]> {
  const sent: HttpRequest[] = [];
  const send = (request: HttpRequest) => {
    sent.push(request);
    return Promise.resolve({ status, text: () => Promise.resolve(text) });
  };
  const uploads = upload({ send } as unknown as Http, 'acme', { records: 9, bytes: 4_000_000, record: 1_000_000 });
  const { verdict } = await uploads.post('http://acme.example', {}, { count: 1, body: Buffer.alloc(size) });
  await uploads.post('http://acme.example', {}, { count: 1, body: Buffer.alloc(2000) });
  return [verdict, sent[1]?.headers?.['content-encoding'] === 'gzip'];
}

test('a batch goes again uncompressed where gzip was refused, by 415 or by 400 with the name of the header; no other answer says that', async () => {
  const again = { again: 'acme does not take gzip' };
  assert.deepEqual(await answered(415, ''), [again, false]);
  assert.deepEqual(await answered(400, 'unsupported Content-Encoding: gzip'), [again, false]);
  for (const [status, text] of [
    [400, 'a record is bad'],
    [400, `${' '.repeat(1000)}content-encoding`], // it quotes a record
    [401, 'content-encoding'],
    [422, 'content-encoding'],
    [200, 'content-encoding'],
  ] as const) {
    assert.deepEqual(await answered(status, text), [undefined, true], `${status} ${text.trim()}`);
  }
});

test('what was refused uncompressed, being small, is not sent again for its encoding', async () => {
  assert.deepEqual(await answered(415, '', 1023), [undefined, true]);
});
