/** Times: spellings, nonsense, clocks that are off, records that are late or gone. */
import assert from 'node:assert/strict';
import type { TimeFormat } from '../../src/core/time.ts';
import { answer, bent } from './answers.ts';
import type { Definition } from './definition.ts';
import { fault, saidBy, scene, type Result, type Scene } from './harness.ts';
import { onPage } from './replies.ts';
import { recordText, type Fault } from './vendor.ts';

const minute = 60_000;
const hour = 60 * minute;
const verbose = ['-v', '--log-format', 'text'];

/** The times of records are spelled so. */
function spelled(format: TimeFormat): (base: Definition) => Definition {
  return (base) => ({ ...base, records: { ...base.records, time: { path: 'time', format } } });
}

const spellings: readonly (readonly [what: string, format: TimeFormat, write: (time: number) => string])[] = [
  ['seconds', 'epoch-s', (time) => String(time / 1000)],
  ['seconds with a fraction', 'epoch-s', (time) => (time / 1000 + 0.5).toFixed(6)],
  ['seconds in a text', 'epoch-s', (time) => `"${time / 1000}"`],
  ['milliseconds', 'epoch-ms', (time) => String(time)],
  ['milliseconds as a float', 'epoch-ms', (time) => `${time / 1e12}e12`],
  ['microseconds', 'epoch-us', (time) => `${time}000`],
  ['nanoseconds', 'epoch-ns', (time) => `${time}123456`],
  ['ISO in UTC', 'iso', (time) => JSON.stringify(new Date(time).toISOString())],
  ['ISO west of Greenwich', 'iso', (time) => `"${new Date(time - 5.5 * hour).toISOString().slice(0, -1)}-05:30"`],
  ['ISO east of Greenwich', 'iso', (time) => `"${new Date(time + 2 * hour).toISOString().slice(0, -5)}+0200"`],
  ['ISO without a zone, which is UTC', 'iso', (time) => `"${new Date(time).toISOString().slice(0, -1)}"`],
  ['ISO with nanoseconds', 'iso', (time) => `"${new Date(time).toISOString().slice(0, -1)}123456Z"`],
  ['SQL', 'sql', (time) => `"${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}"`],
  ['escaped', 'iso', (time) => `"\\u0032${new Date(time).toISOString().slice(1)}"`],
  ['RFC 2822', 'rfc2822', (time) => JSON.stringify(new Date(time).toUTCString())],
];

for (const [what, format, write] of spellings) {
  fault('P20', `times as ${what} are read: old records are left out, new ones are not`, async (context) => {
    const here = await scene(context, { records: 0, define: spelled(format) });
    const { now } = here.clock;
    for (const secondsAgo of [3599, 1800, 1]) {
      here.vendor.add('new', secondsAgo, `{"id":"n${secondsAgo}","time":${write(now - secondsAgo * 1000)}}`);
    }
    const old = [7200, 3601].map((seconds) => `{"id":"o${seconds}","time":${write(now - seconds * 1000)}}`);
    here.vendor.fault = onPage(1, (_, honest) => bent(here, honest, (body) => body.replace('[', `[${old.join(',')},`)));
    const result = await here.run(verbose);
    here.expectDelivered();
    assert.match(result.stderr, /5 fetched, 3 delivered, 2 outside the window/);
  });
}

fault(
  'P20',
  'times in another unit than the definition says are no times: the records are delivered, and that is warned of',
  async (context) => {
    const here = await scene(context, { records: 0, define: spelled('epoch-ms') });
    for (const at of [1, 1000, 1_000_000]) {
      here.vendor.add(`r${at}`, 5, `{"id":"r${at}","time":${Math.floor((here.clock.now - 5000) * at * 1000)}}`);
    }
    const warnings = [/^none of 3 records has a time at time \(read as epoch-ms\): each is delivered as one of now; /];
    here.expectSuccess(await here.run(), { warnings });
  },
);

fault(
  'P21',
  'nanoseconds beyond the exact range of numbers are compared and delivered digit by digit',
  async (context) => {
    const here = await scene(context, { records: 0, define: spelled('epoch-ns') });
    const since = here.clock.now - 30 * minute;
    const iso = new Date(since).toISOString().slice(0, -5);
    for (const nanos of ['000000005', '000000006', '999999999']) {
      here.vendor.add(`r${nanos}`, 1800, `{"id":"r${nanos}","time":${since / 1000}${nanos}}`);
    }
    const before = `{"id":"before","time":${since / 1000}000000004}`;
    here.vendor.fault = (_, honest) =>
      bent(here, honest, () => {
        const texts = [before, ...here.vendor.records.map(({ text }) => text)];
        return `{"records":[${texts.join(',')}]}`;
      });
    const result = await here.run(['--since', `${iso}.000000005Z`, ...verbose]);
    here.expectDelivered();
    assert.match(result.stderr, /4 fetched, 3 delivered, 1 outside the window/);
  },
);

const oddTimes = [
  '',
  '"time":null,',
  '"time":"",',
  '"time":"yesterday",',
  '"time":{},',
  '"time":true,',
  '"time":-1,',
  '"time":"9999-12-31T23:59:59Z",',
  '"time":"0001-01-01T00:00:00Z",',
  '"time":"2026-02-30T00:00:00Z",',
  '"time":"2026-13-01T00:00:00Z",',
  '"time":1e400,',
  '"time":99999999999999999999,',
];

fault('P22', 'records without a time that can be read are delivered and move nothing', async (context) => {
  const here = await scene(context);
  for (const [at, time] of oddTimes.entries()) here.vendor.add('odd', 5, `{${time}"id":"odd${at}"}`);
  const leap = new Date(here.clock.now - 2 * minute).toISOString().slice(0, 17);
  here.vendor.add('leap', 60, `{"id":"leap","time":"${leap}60Z"}`);
  const result = await here.run();
  here.expectSuccess(result);
  assert.deepEqual(result.watermarks.after, [`${here.clock.now}000000`]);
  here.clock.now += minute;
  here.expectSuccess(await here.run());
});

fault('P22', 'a record from the future is delivered, counted, and moves nothing', async (context) => {
  const here = await scene(context);
  here.vendor.add('future', 1, recordText('future', here.clock.now + 24 * hour));
  const result = await here.run(verbose);
  here.expectDelivered();
  assert.match(result.stderr, /7 delivered, 1 dated in the future/);
  assert.deepEqual(result.watermarks.after, [`${here.clock.now}000000`]);
});

fault(
  'P23',
  'when no record has a time that can be read, a warning says so, and the position moves to the end of the window',
  async (context) => {
    const here = await scene(context, { records: 0 });
    for (const [at, time] of oddTimes.entries()) here.vendor.add('odd', 5, `{${time}"id":"odd${at}"}`);
    const result = await here.run();
    const warnings = [/^none of \d+ records has a time at time \(read as iso\): /];
    here.expectSuccess(result, { warnings });
    assert.deepEqual(result.watermarks.after, [`${here.clock.now}000000`]);
    for (let run = 0; run < 3; run++) {
      here.clock.now += 5 * minute;
      here.expectSuccess(await here.run(), run < 2 ? { warnings } : {}); // the overlap shows them twice more
    }
  },
);

/** A record of half an hour ago that shows up only now. */
async function withLateRecord(here: Scene, argv: readonly string[] = []): Promise<string> {
  assert.equal((await here.run(argv)).status, 0);
  here.clock.now += 30 * minute;
  assert.equal((await here.run(argv)).status, 0);
  return here.vendor.add('late', 1800).text;
}

fault(
  'P24',
  'a record that is later than the overlap is missed, and found with --since and --continue',
  async (context) => {
    const here = await scene(context);
    const late = await withLateRecord(here);
    assert.equal((await here.run()).status, 0);
    assert.ok(!here.delivered().includes(late));
    const result = await here.run(['--continue', '--since', '2h']);
    assert.equal(result.status, 0);
    assert.deepEqual(saidBy(result), { problems: [], hints: [], warnings: [] });
    assert.equal(here.delivered().filter((text) => text === late).length, 1);
    assert.ok((result.watermarks.after[0] ?? '') >= (result.watermarks.before[0] ?? ''), 'never back');
    assert.equal((await here.run()).status, 0);
    assert.equal(here.delivered().filter((text) => text === late).length, 1);
  },
);

fault('P24', 'a record within the overlap is not missed, however late', async (context) => {
  const here = await scene(context, { argv: ['--overlap', '1h'] });
  await withLateRecord(here);
  here.expectSuccess(await here.run());
});

/** The vendor's clock is off by so much: its `Date`, and the times of its records. */
function skewed(here: Scene, milliseconds: number): Fault {
  return (_, honest) =>
    honest.toString().replace(/Date: .*/, `Date: ${new Date(here.clock.now + milliseconds).toUTCString()}`);
}

for (const [what, skew] of [
  ['behind', -hour],
  ['ahead', hour],
] as const) {
  for (const session of [false, true]) {
    fault('P27', `a vendor's clock an hour ${what}, ${session ? 'session' : 'key'}: no gap`, async (context) => {
      const here = await scene(context, { records: 0, session, argv: ['--first-run', '3h'] });
      here.vendor.fault = skewed(here, skew);
      for (let run = 0; run < 4; run++) {
        here.vendor.add(`a${run}`, 1 - skew / 1000);
        here.vendor.add(`b${run}`, 30 - skew / 1000);
        here.expectSuccess(await here.run());
        here.vendor.add(`late${run}`, 2 - skew / 1000);
        here.clock.now += 70_000;
      }
      here.expectSuccess(await here.run());
    });
  }
}

/** Records of the vendor's last hour, one every ten minutes, named after the minutes that have passed since. */
function lastHour(here: Scene, skew: number): void {
  for (const minutes of [1, 11, 21, 31, 41, 51]) here.vendor.add(`m${minutes}`, minutes * 60 - skew / 1000);
}

function idsOf({ stdout }: Pick<Result, 'stdout'>): string[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { id: string }).id).toSorted();
}

for (const [what, skew] of [
  ['behind', -hour],
  ['ahead', hour],
] as const) {
  for (const session of [false, true]) {
    const whose = `a vendor's clock an hour ${what}, ${session ? 'session' : 'key'}`;
    fault('P27', `${whose}: a duration is back from the vendor's now, and the summary says which window`, async (t) => {
      const here = await scene(t, { records: 0, session });
      here.vendor.fault = skewed(here, skew);
      lastHour(here, skew);
      const at = (minutesAgo: number): string =>
        new Date(here.clock.now + skew - minutesAgo * minute).toISOString().replace('.000', '');
      for (const [argv, from, until, expected] of [
        [['--since', '5m'], 5, 0, ['m1']],
        [['--since', '30m', '--until', '2m'], 30, 2, ['m11', 'm21']],
        [['--first-run', '15m', '--no-position'], 15, 0, ['m1', 'm11']],
        [['--until', '35m', '--first-run', '10m'], 45, 35, ['m41']],
      ] as const) {
        const result = await here.run([...argv, ...verbose]);
        assert.equal(result.status, 0, result.stderr);
        assert.deepEqual(idsOf(result), expected, argv.join(' '));
        assert.match(result.stderr, new RegExp(`^audit-export: ${at(from)} to ${at(until)}, `, 'm'));
      }
    });
  }

  fault('P27', `a vendor's clock an hour ${what}: one query cannot ask twice, and says so`, async (context) => {
    const here = await scene(context, { records: 0 });
    here.vendor.fault = skewed(here, skew);
    lastHour(here, skew);
    const result = await here.run(['--since', '5m', '-x']);
    assert.deepEqual([result.status, idsOf(result), here.vendor.requests.length], [0, [], 1], result.stderr);
    const { warnings } = saidBy(result);
    assert.match(
      warnings.join(),
      new RegExp(`^acme's clock is 3600 s ${what} (of )?this machine's, .*: set the clock, or`),
    );
  });
}

for (const [year, session] of [
  [9999, false],
  [9999, true],
  [2049, false],
  [1970, false],
  [1970, true],
] as const) {
  const whose = `a vendor that says it is ${year}, ${session ? 'session' : 'key'}`;
  fault('P27', `${whose}: read by our clock in as many requests as ever, and said`, async (context) => {
    const here = await scene(context, {
      session,
      define: (base) => ({ ...base, window: { ...base.window, longest: '1h' }, limits: { page: 10 } }),
    });
    here.expectSuccess(await here.run());
    here.clock.now += minute;
    here.vendor.add('new', 1);
    const date = new Date(Date.UTC(year, 0, 1)).toUTCString();
    here.vendor.fault = (_, honest) => honest.toString().replace(/Date: .*/, `Date: ${date}`);
    const before = here.vendor.requests.length;
    const result = await here.run();
    const pages = here.vendor.requests.slice(before).filter(({ kind }) => kind === 'page');
    assert.equal(pages.length, 1);
    here.expectDelivered();
    assert.ok(BigInt(result.watermarks.after[0] ?? '') <= BigInt(here.clock.now) * 1_000_000n);
    await here.expectProblem(result, {
      exit: 3,
      message: new RegExp(
        `^acme says that it is ${year}-01-01T00:00:00Z, and this machine .*: records were read by the latter`,
      ),
      hint: /^set the clock that is wrong/,
      watermark: year === 1970 ? 'kept' : 'moved',
    });
  });
}

fault('P27', 'our clock jumps: the window still goes by the vendor’s', async (context) => {
  const here = await scene(context, { session: true });
  here.expectSuccess(await here.run());
  for (const jump of [-3 * hour, 5 * hour, -hour]) {
    here.vendor.add(`jump${jump}`, 0);
    here.clock.now += 10_000;
    const vendorNow = here.clock.now;
    here.clock.now += jump;
    here.vendor.fault = skewed(here, -jump);
    here.expectSuccess(await here.run());
    here.clock.now = vendorNow + 10_000;
  }
});

fault('P28', 'an outage longer than the vendor keeps records is said once, with both bounds', async (context) => {
  const here = await scene(context, {
    define: (base) => ({ ...base, window: { ...base.window, retention: '30m' } }),
  });
  here.expectSuccess(await here.run());
  const from = new Date(here.clock.now).toISOString().replace('.000', '');
  here.clock.now += 2 * hour;
  const until = new Date(here.clock.now - 30 * minute).toISOString().replace('.000', '');
  here.vendor.add('new', 60);
  await here.expectProblem(await here.run(), {
    exit: 3,
    message: new RegExp(`^records from ${from} to ${until} are gone: acme no longer keeps them$`),
    hint: /^this gap is reported once/,
    watermark: 'moved',
  });
  here.expectDelivered();
});

fault(
  'P28',
  'a first run that fails for longer than the vendor keeps records leaves a gap, which is said',
  async (context) => {
    const here = await scene(context, {
      define: (base) => ({ ...base, window: { ...base.window, retention: '30m' } }),
    });
    const refused: Fault = () => answer(here, 403, '');
    here.vendor.fault = refused;
    const spell = (time: number): string => new Date(time).toISOString().replace('.000', '');
    const from = spell(here.clock.now - 30 * minute);
    for (const pause of [0, 10 * minute]) {
      here.clock.now += pause;
      assert.equal((await here.run()).status, 77);
    }
    here.clock.now += 2 * hour;
    here.vendor.fault = undefined;
    here.vendor.records.length = 0;
    here.vendor.add('new', 60);
    await here.expectProblem(await here.run(), {
      exit: 3,
      message: new RegExp(
        `^records from ${from} to ${spell(here.clock.now - 30 * minute)} are gone: acme no longer keeps them$`,
      ),
      hint: /^this gap is reported once/,
      watermark: 'moved',
    });
    here.expectDelivered();
  },
);

fault(
  'P28',
  'a first run that fails for less than that leaves out only what might have been gone before',
  async (context) => {
    const here = await scene(context, {
      define: (base) => ({ ...base, window: { ...base.window, retention: '30m' } }),
    });
    here.vendor.fault = () => answer(here, 403, '');
    assert.equal((await here.run()).status, 77);
    here.clock.now += 10 * minute;
    here.vendor.fault = undefined;
    here.expectSuccess(await here.run());
  },
);
