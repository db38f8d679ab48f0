import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../../../src/core/problem.ts';
import { problem } from '../../../support/problem.ts';
import { statusList } from '../../../../src/core/wire/webhook/status-list.ts';

test('statuses are listed one by one or as ranges', () => {
  const isIn = statusList(' 200, 202-204 ,409');
  assert.deepEqual(
    [199, 200, 201, 202, 203, 204, 205, 408, 409].filter((status) => isIn(status)),
    [200, 202, 203, 204, 409],
  );
  const atTheEdges = statusList('299,400-401,599');
  assert.deepEqual(
    [298, 299, 300, 399, 400, 401, 402, 598, 599, 600].filter((status) => atTheEdges(status)),
    [299, 400, 401, 599],
  );
  for (const text of ['', '2xx', '204-202', '399-300', '100', '600', '200,', '2000', '1200']) {
    assert.throws(() => statusList(text), problem(exit.config, /^WEBHOOK_SUCCESS is not a list of statuses$/), text);
  }
});

test('a redirect in the list is refused, by the place where it is', () => {
  for (const text of ['300', '302', '399', '200-404', '299-300', '399-400']) {
    const message = new RegExp(`^WEBHOOK_SUCCESS cannot have redirects in it \\(3xx\\): ${text}$`);
    assert.throws(() => statusList(`200, ${text},409`), problem(exit.config, message, /leave 3xx out/), text);
  }
});
