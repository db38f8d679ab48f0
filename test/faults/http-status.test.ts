/** HTTP statuses in place of records. */
import assert from 'node:assert/strict';
import { answer, askedOf } from './answers.ts';
import { fault, scene, type Scene } from './harness.ts';
import { once, onPage } from './replies.ts';
import type { Fault } from './vendor.ts';

/** Answers that page so the first `times` times that it is asked for. */
function times(count: number, page: number, make: Fault): Fault {
  let left = count;
  return onPage(page, (asked, honest) => (left-- > 0 ? make(asked, honest) : undefined));
}

function requestsFor({ vendor }: Scene, page: string): number {
  return askedOf(vendor.requests).filter((each) => each === page).length;
}

fault('A10', 'an address that does not exist ends the run with a hint at the settings', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(1, () => answer(here, 404, '{"detail":"Not Found"}'));
  const result = await here.run();
  assert.equal(here.vendor.requests.length, 1);
  await here.expectProblem(result, {
    exit: 78,
    message: /^acme has nothing at http:\/\/127\.0\.0\.1:\d+\/\S+ for page 1 \(HTTP 404\): Not Found$/,
    hint: /^check ACME_URL/,
  });
});

for (const status of [408, 425]) {
  fault('A11', `${status} is asked again, and given up in the end`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = times(2, 2, () => answer(here, status, ''));
    here.expectSuccess(await here.run());

    here.clock.now += 60_000;
    here.vendor.add('later', 5);
    here.vendor.fault = onPage(1, () => answer(here, status, ''));
    const before = here.vendor.requests.length;
    const result = await here.run();
    assert.equal(here.vendor.requests.length - before, 5);
    await here.expectProblem(result, {
      exit: 69,
      message: new RegExp(`^acme was not ready for page 1 \\(HTTP ${status}\\)$`),
      hint: /next run tries again/,
    });
  });
}

fault('A12', 'a conflict is asked again once', async (context) => {
  const here = await scene(context);
  here.vendor.fault = once(onPage(2, () => answer(here, 409, '')));
  here.expectSuccess(await here.run());

  const other = await scene(context);
  other.vendor.fault = onPage(1, () => answer(other, 409, ''));
  const result = await other.run();
  assert.equal(other.vendor.requests.length, 2);
  await other.expectProblem(result, {
    exit: 69,
    message: /^acme reported a conflict for page 1 \(HTTP 409\)$/,
    hint: /^another client may be at work/,
  });
});

for (const status of [400, 404, 410, 422]) {
  fault('A13', `a cursor that expires within the window (${status}) begins the window anew`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = once(onPage(3, () => answer(here, status, '{"message":"cursor expired"}')));
    here.expectSuccess(await here.run());
    assert.deepEqual(askedOf(here.vendor.requests), ['page 1', 'page 2', 'page 3', 'page 1', 'page 2', 'page 3']);
  });
}

fault('A13', 'a cursor that expires each time ends the run, with what was delivered remembered', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(3, () => answer(here, 410, ''));
  const result = await here.run();
  assert.equal(requestsFor(here, 'page 3'), 2);
  await here.expectProblem(result, {
    exit: 76,
    message: /^acme no longer has page 3 \(HTTP 410\)$/,
    hint: /the cursor in it has expired; if this lasts, check ACME_URL in the environment and the vendor's API version/,
  });
});

fault('A13', "a cursor that is refused each time (400) is nobody's setting or flag", async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(2, () => answer(here, 400, '{"message":"cursor expired"}'));
  const result = await here.run();
  assert.equal(requestsFor(here, 'page 2'), 2);
  await here.expectProblem(result, {
    exit: 76,
    message: /^acme did not accept page 2 \(HTTP 400\): cursor expired$/,
    hint: /^it gave the cursor for this page itself, so no setting or flag is wrong; /,
  });
});

fault('A13', 'a saved cursor that has expired (410) is dropped, and nothing is delivered twice', async (context) => {
  const here = await scene(context, {
    define: (base) => ({
      ...base,
      request: {
        path: '/audit',
        query: { cursor: '{cursor}', from: '1970-01-01', until: '2100-01-01', size: '{limit}' },
      },
      paging: { type: 'cursor', path: 'next', bookmark: true },
      window: { filter: 'none', overlap: '10m' },
    }),
  });
  here.expectSuccess(await here.run());
  here.clock.now += 60_000;
  here.vendor.add('new', 5);
  here.vendor.fault = once(({ path }) => (path.includes('cursor=') ? answer(here, 410, '') : undefined));
  here.expectSuccess(await here.run(), { warnings: [/^acme no longer knows where the last run stopped/] });
  here.clock.now += 60_000;
  here.expectSuccess(await here.run());
});

for (const status of [413, 414, 431]) {
  fault('A14', `a request that is too large (${status}) can be made smaller with --limit`, async (context) => {
    const here = await scene(context, { records: 3 });
    const tooLarge: Fault = ({ path }) => (path.includes('size=2') ? answer(here, status, '') : undefined);
    here.vendor.fault = tooLarge;
    await here.expectProblem(await here.run(), {
      exit: 76,
      message: new RegExp(`^acme refused the size of page 1 \\(HTTP ${status}\\)$`),
      hint: /a lower --limit/,
      lift: () => (here.vendor.fault = tooLarge),
      recovery: { argv: ['--limit', '1'] },
    });
  });
}

fault('A15', 'a rate limit that is told as 403 is waited for, too', async (context) => {
  const here = await scene(context);
  const limit = { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': new Date(here.clock.now + 90_000).toISOString() };
  here.vendor.fault = once(onPage(2, () => answer(here, 403, '', limit)));
  const result = await here.run();
  here.expectSuccess(result);
  assert.deepEqual(result.waits, [90_000]);
});

fault('A15', 'Retry-After is waited for to the second', async (context) => {
  const here = await scene(context);
  here.vendor.fault = once(onPage(2, () => answer(here, 429, '', { 'Retry-After': '120' })));
  const result = await here.run();
  here.expectSuccess(result);
  assert.deepEqual(result.waits, [120_000]);
});

for (const [what, argv, seconds] of [
  ['the time that the run has', ['--max-runtime', '60s'], '120'],
  ['any run should wait', [], '3600'],
] as const) {
  fault('A15', `a wait longer than ${what} ends the run at once, with its progress kept`, async (context) => {
    const here = await scene(context, { argv });
    here.vendor.fault = onPage(2, () => answer(here, 429, '', { 'Retry-After': seconds }));
    const result = await here.run();
    assert.deepEqual(result.waits, []);
    assert.equal(here.delivered().length, 2, 'what came before it is delivered');
    await here.expectProblem(result, {
      exit: 75,
      message: /^acme limits the rate of page 2 \(HTTP 429\): rate-limited until \d{4}-\d\d-\d\dT[\d:.]+Z$/,
      hint: /^progress is kept, and the next run continues from here/,
    });
  });
}

fault(
  'A15',
  'a quota that is smaller than the window: each run delivers what it got, and they get through',
  async (context) => {
    const here = await scene(context, {
      records: 0,
      define: (definition) => ({ ...definition, window: { ...definition.window, overlap: '1m' } }),
    });
    for (let at = 1; at <= 20; at++) here.vendor.add(`r${at}`, at * 120);
    let left = 0;
    here.vendor.fault = (asked) => {
      if (asked.kind !== 'page') return undefined;
      left -= 1;
      return left < 0 ? answer(here, 429, '', { 'Retry-After': '3600' }) : undefined;
    };
    let runs = 0;
    for (let status: number | null = 75, count = 0; status === 75; runs++) {
      left = 4;
      const result = await here.run();
      ({ status } = result);
      assert.ok(runs < 20 && here.delivered().length >= count, `${runs} runs, ${here.delivered().length} delivered`);
      if (runs === 0) assert.equal(here.delivered().length, 8);
      count = here.delivered().length;
      here.clock.now += 1000;
    }
    here.expectDelivered();
    here.vendor.fault = undefined;
    here.expectSuccess(await here.run());
  },
);

fault(
  'A16',
  'a date in Retry-After is waited for; what makes no sense is answered with our own pause',
  async (context) => {
    const here = await scene(context);
    const dates: readonly (readonly [header: string, wait: number])[] = [
      [new Date(here.clock.now + 45_000).toUTCString(), 45_000],
      ['Fri, 01 Jan 2021 00:00:00 GMT', 500],
      ['-5', 1000],
      ['soon \\u001b[31m', 2000],
    ];
    let at = 0;
    here.vendor.fault = (asked) => {
      const header = dates[at++]?.[0];
      return asked.kind === 'page' && header !== undefined
        ? answer(here, 429, '', { 'Retry-After': header })
        : undefined;
    };
    const result = await here.run();
    here.expectSuccess(result);
    assert.deepEqual(
      result.waits,
      dates.map(([, wait]) => wait),
    );
  },
);

fault('A16', 'Retry-After of decades and of zero', async (context) => {
  for (const header of ['1000000000', '0', '1e3', '']) {
    const here = await scene(context);
    here.vendor.fault = once(onPage(1, () => answer(here, 429, '', { 'Retry-After': header })));
    const result = await here.run();
    here.expectSuccess(result);
    assert.deepEqual(result.waits, [250]);
  }
});

fault('A17', '429 without Retry-After: the reset header tells, else our own pause', async (context) => {
  const here = await scene(context);
  const headers = (at: number): Record<string, string>[] => [
    {},
    { 'X-RateLimit-Reset': String(at / 1000 + 30) },
    { 'RateLimit-Reset': '20' },
    { 'X-Rate-Limit-Reset': String(at + 10_000) },
  ];
  let at = 0;
  here.vendor.fault = onPage(2, () => {
    const header = headers(here.clock.now - 250)[at++];
    return header === undefined ? undefined : answer(here, 429, '', header);
  });
  const result = await here.run();
  here.expectSuccess(result);
  assert.equal(result.waits[0], 250);
  assert.deepEqual(result.waits.slice(2), [20_000, 9750]);
  assert.ok(Math.abs((result.waits[1] ?? 0) - 30_000) <= 1000);
});

for (const status of [500, 502, 503, 504]) {
  fault('A18', `${status} a few times, then an answer; a POST that only reads is sent again, too`, async (context) => {
    const here = await scene(context, {
      define: (base) => ({ ...base, request: { ...base.request, method: 'POST', json: { find: 'all' } } }),
    });
    here.vendor.fault = times(3, 1, () =>
      answer(here, status, '<h1>Bad Gateway</h1>', { 'Content-Type': 'text/html' }),
    );
    const result = await here.run();
    here.expectSuccess(result);
    assert.equal(here.vendor.requests[3]?.method, 'POST');
    assert.deepEqual(result.waits, [250, 500, 1000]);
  });
}

fault('A18', '503 with Retry-After is waited for, and so is a busy login', async (context) => {
  const here = await scene(context, { session: true });
  const busy = times(1, 1, () => answer(here, 503, '', { 'Retry-After': '7' }));
  let logins = 0;
  here.vendor.fault = (asked, honest) =>
    asked.kind === 'login' && logins++ === 0 ? answer(here, 429, '', { 'Retry-After': '30' }) : busy(asked, honest);
  const result = await here.run();
  here.expectSuccess(result);
  assert.deepEqual(result.waits, [30_000, 7000]);
});

fault('A19', '5xx without end is given up after five attempts', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(2, () => answer(here, 503, '{"message":"maintenance\\u0007"}'));
  const result = await here.run();
  assert.equal(requestsFor(here, 'page 2'), 5);
  await here.expectProblem(result, {
    exit: 69,
    message: /^acme failed on page 2 \(HTTP 503\): maintenance\\u0007$/,
    hint: /^the next run tries again/,
  });
});

fault('A19', '5xx without end is given up when the time of the run is up', async (context) => {
  const here = await scene(context, { argv: ['--max-runtime', '1s'] });
  here.vendor.fault = onPage(2, () => answer(here, 503, ''));
  const result = await here.run();
  assert.deepEqual(result.waits, [250, 500]);
  await here.expectProblem(result, {
    exit: 69,
    message: /^acme failed on page 2 \(HTTP 503\)$/,
    hint: /^the next run tries again/,
  });
});

for (const status of [501, 505]) {
  fault('A20', `${status} is not asked again`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = onPage(1, () => answer(here, status, ''));
    const result = await here.run();
    assert.equal(here.vendor.requests.length, 1);
    await here.expectProblem(result, {
      exit: 76,
      message: new RegExp(`^acme does not support page 1 \\(HTTP ${status}\\)$`),
      hint: /^check ACME_URL in the environment/,
    });
  });
}

for (const status of [204, 206, 304]) {
  fault('A25', `${status} is no page, and moves nothing`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = onPage(2, () => answer(here, status, status === 206 ? '{"records":[]}' : ''));
    const result = await here.run();
    await here.expectProblem(result, {
      exit: 76,
      message: new RegExp(`^acme gave an unexpected answer to page 2 \\(HTTP ${status}\\)$`),
      hint:
        status === 204 ? /write reply: \{ empty: \[204\] \} in \S+acme\.json$/ : /^check ACME_URL in the environment/,
    });
  });
}
