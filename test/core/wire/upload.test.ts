import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
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
    return uploads.limits;
  });
  assert.deepEqual(
    sizes,
    [450_000, 450_000, 150_000, 150_000, 65_536].map((bytes) => ({ records: 1000, bytes, record: 1_000_000 })),
  );
});
