/** Records that move while they are read, come twice, or have no proper ID. */
import assert from 'node:assert/strict';
import type { VendorRecord, Fault } from './vendor.ts';
import { answer, bent } from './answers.ts';
import type { Definition } from './definition.ts';
import { fault, scene, type Scene } from './harness.ts';
import { once, onPage } from './replies.ts';

const verbose = ['-v', '--log-format', 'text'];

/** Pages are counted by offset. */
function byOffset(base: Definition): Definition {
  const query = { from: '{from}', until: '{until}', size: '{limit}', cursor: 'c{offset}' };
  return { ...base, request: { path: '/audit', query }, paging: { type: 'offset' } };
}

/** Does this when page 2 is asked for the first time, before it is answered. */
function beforePage2(step: () => void): Fault {
  let done = false;
  return onPage(2, () => {
    if (!done) step();
    done = true;
    return undefined;
  });
}

/** Lets the vendor answer by another order or another choice of records. */
function arranged(here: Scene, arrange: (records: readonly VendorRecord[]) => readonly VendorRecord[]): Fault {
  return ({ path }) => {
    const { searchParams } = new URL(path, here.vendor.url);
    const from = Date.parse(searchParams.get('from') ?? '');
    const until = Date.parse(searchParams.get('until') ?? '');
    const offset = Number((searchParams.get('cursor') ?? 'c0').slice(1));
    const size = Number(searchParams.get('size'));
    const found = arrange(here.vendor.records.filter(({ time }) => time >= from && time <= until));
    const next = offset + size < found.length ? `"c${offset + size}"` : 'null';
    const texts = found.slice(offset, offset + size).map(({ text }) => text);
    return answer(here, 200, `{"records":[${texts.join(',')}],"next":${next}}`);
  };
}

fault(
  'P08',
  'rows inserted while pages are counted by offset: what is shown twice is delivered once',
  async (context) => {
    const here = await scene(context, { define: byOffset });
    let inserted = false;
    const faulty = arranged(here, (records) => records.toSorted((one, other) => other.time - one.time));
    here.vendor.fault = (asked, honest) => {
      if (asked.kind === 'page' && asked.page === 2 && !inserted) {
        inserted = true;
        here.vendor.add('new', 0); // newest first: every row moves down by one
      }
      return faulty(asked, honest);
    };
    const result = await here.run(verbose);
    assert.equal(result.status, 0);
    assert.match(result.stderr, /8 fetched, 6 delivered, 2 seen before/);
    here.clock.now += 60_000;
    here.expectSuccess(await here.run());
  },
);

fault(
  'P08',
  'rows deleted while pages are counted by offset: the window is read again, and none is missed',
  async (context) => {
    const here = await scene(context, { define: byOffset });
    const { records } = here.vendor;
    const deleted: string[] = [];
    here.vendor.fault = beforePage2(() => deleted.push(records.shift()?.text ?? '')); // every row moves up by one
    assert.equal((await here.run()).status, 0);
    assert.deepEqual(here.delivered().toSorted(), [...deleted, ...records.map(({ text }) => text)].toSorted());
  },
);

fault(
  'P08',
  'rows deleted before each page that is counted by offset: an error, and the next run finds all',
  async (context) => {
    const here = await scene(context, { define: byOffset, records: 20 });
    const { records } = here.vendor;
    here.vendor.fault = (asked) => {
      if (asked.kind === 'page' && asked.page > 1) records.shift();
      return undefined;
    };
    const result = await here.run();
    assert.equal(result.status, 76);
    assert.match(result.stderr, /page \d does not begin where the page before ended/);
    assert.deepEqual(result.watermarks.after, ['none']);
    here.vendor.fault = undefined;
    assert.equal((await here.run()).status, 0);
    for (const { text } of records) assert.equal(here.delivered().filter((each) => each === text).length, 1);
  },
);

fault('P08', 'rows deleted, where pages by offset are of records without an ID: none is missed', async (context) => {
  const here = await scene(context, {
    define: (base) => ({ ...byOffset(base), records: { ...base.records, id: { content: true } } }),
  });
  const { records } = here.vendor;
  const twin = records[3]!;
  records.splice(3, 0, twin, twin); // three that are equal, over the edge of two pages
  const all = records.map(({ text }) => text);
  here.vendor.fault = beforePage2(() => records.shift());
  assert.equal((await here.run()).status, 0);
  assert.deepEqual(here.delivered().toSorted(), all.toSorted());
  here.clock.now += 60_000;
  here.vendor.fault = undefined;
  assert.equal((await here.run()).status, 0);
  assert.deepEqual(here.delivered().toSorted(), all.toSorted());
});

fault('P09', 'records that arrive during a walk from the newest back come with the next run', async (context) => {
  const here = await scene(context);
  let count = 0;
  const newestFirst = arranged(here, (records) => records.toSorted((one, other) => other.time - one.time));
  here.vendor.fault = (asked, honest) => {
    here.clock.now += 1000;
    here.vendor.add(`during${++count}`, 0);
    return newestFirst(asked, honest);
  };
  assert.equal((await here.run()).status, 0);
  assert.equal(here.delivered().length, 6);
  here.vendor.fault = newestFirst;
  here.clock.now += 1000;
  here.expectSuccess(await here.run());
});

fault('P10', 'records out of order within and between pages are all delivered', async (context) => {
  const here = await scene(context, { records: 20 });
  // Ordered by the last digit, so that each page holds old and new ones.
  here.vendor.fault = arranged(here, (records) =>
    records.toSorted((one, other) => Number(one.id.at(-1)) - Number(other.id.at(-1))),
  );
  here.expectSuccess(await here.run());
  here.clock.now += 5000;
  here.vendor.add('r21', 1);
  here.expectSuccess(await here.run());
});

fault(
  'P13',
  'records exactly on the boundary of two windows, and of two slices, are delivered once',
  async (context) => {
    const here = await scene(context, {
      records: 0,
      define: (base) => ({ ...base, window: { ...base.window, longest: '1m' } }),
    });
    // The window is the last hour in slices of a minute; the vendor shows both bounds of each.
    for (const seconds of [3600, 3540, 3480, 60, 1]) here.vendor.add(`b${seconds}`, seconds);
    here.vendor.add('end', 0);
    assert.equal((await here.run()).status, 0);
    here.clock.now += 60_000;
    here.vendor.add('after', 60);
    here.expectSuccess(await here.run());
    here.expectSuccess(await here.run(['--overlap', '0s']));
  },
);

fault('P13', 'without any overlap, records on the boundary are delivered once all the same', async (context) => {
  const here = await scene(context, { argv: ['--overlap', '0s'] });
  for (let run = 0; run < 3; run++) {
    here.vendor.add(`end${run}`, 0);
    assert.equal((await here.run()).status, 0);
    here.vendor.add(`too${run}`, 0); // at the same moment, after the window was read
    here.clock.now += 1000;
  }
  here.expectSuccess(await here.run());
});

fault('P14', 'thousands of records with one timestamp are delivered once', async (context) => {
  const here = await scene(context, { records: 0, argv: ['--limit', '5000'] });
  for (let at = 0; at < 20_000; at++) here.vendor.add(`same${at}`, 5);
  here.expectSuccess(await here.run());
  here.clock.now += 1000;
  here.vendor.add('one more', 6);
  here.expectSuccess(await here.run());
});

fault('P15', 'records without an ID go by their content, and are warned of when none has one', async (context) => {
  const here = await scene(context, { records: 0 });
  const time = new Date(here.clock.now - 5000).toISOString();
  for (const id of ['', '"id":null,', '"id":"",', '"id":{"a":1},', '"id":[1],', '"id":true,']) {
    here.vendor.add('none', 5, `{${id}"time":"${time}","n":1}`);
    here.vendor.add('none', 5, `{${id}"time":"${time}","n":2}`);
  }
  const warnings = [/^none of 12 records has an ID at id: each goes by its whole content; /];
  here.expectSuccess(await here.run(), { warnings });
  here.clock.now += 1000;
  here.expectSuccess(await here.run(), { warnings });
});

fault('P15', 'several records without an ID and with the same content are all delivered, once', async (context) => {
  const here = await scene(context, { records: 0 });
  const text = `{"time":"${new Date(here.clock.now - 5000).toISOString()}","what":"login failed"}`;
  for (let at = 0; at < 3; at++) here.vendor.add('twin', 5, text);
  here.vendor.add('other', 5);
  here.expectSuccess(await here.run());
  here.clock.now += 1000;
  here.expectSuccess(await here.run());
});

fault('P16', 'IDs that look alike and are not the same are told apart, digit by digit', async (context) => {
  const here = await scene(context, { records: 0 });
  const time = new Date(here.clock.now - 5000).toISOString();
  const ids = ['1', '"1"', '1.0', '"1.0"', '9223372036854775807', '9223372036854775808', '"9223372036854775808"'];
  for (const id of [...ids, '9007199254740992', '9007199254740993', 'null', '{}', '""', 'true', '"null"', '-0', '0']) {
    here.vendor.add('alike', 5, `{"id":${id},"time":"${time}"}`);
  }
  here.expectSuccess(await here.run());
  here.clock.now += 1000;
  here.expectSuccess(await here.run());
});

fault('P17', 'one ID twice on a page, with the same content, is one record', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(1, (_, honest) =>
    bent(here, honest, (body) => body.replace(/\[(\{[^}]*\}),/, (_match, first: string) => `[${first},${first},`)),
  );
  const result = await here.run(verbose);
  here.expectDelivered();
  assert.match(result.stderr, /7 fetched, 6 delivered, 1 seen before/);
});

const edited = (body: string): string => body.replaceAll('"f":1.10', '"f":1.20');

fault('P18', 'one ID with other content is delivered as well, once, with a warning', async (context) => {
  const here = await scene(context);
  here.expectSuccess(await here.run());
  const both = [(text: string) => text, edited].flatMap((form) => here.vendor.records.map(({ text }) => form(text)));
  for (const expected of [/^audit-export: warning: 6 records with an ID .* \(id_conflict\)/m, /^$/]) {
    here.clock.now += 1000;
    here.vendor.fault = (_, honest) => bent(here, honest, edited);
    const result = await here.run();
    assert.equal(result.status, 0);
    assert.match(result.stderr, expected);
    assert.deepEqual(here.delivered(), both);
  }
});

fault('P18', 'with --dedupe id, one ID is delivered once, and other content is counted', async (context) => {
  const here = await scene(context, { argv: ['--dedupe', 'id'] });
  here.expectSuccess(await here.run());
  here.clock.now += 1000;
  here.vendor.fault = (_, honest) => bent(here, honest, edited);
  const result = await here.run(verbose);
  assert.equal(result.status, 0);
  here.expectDelivered();
  assert.match(result.stderr, /6 fetched, 0 delivered, 6 left out for a known ID, with other content/);
});

fault('P18', 'with --dedupe content, each content is delivered once', async (context) => {
  const here = await scene(context, { argv: ['--dedupe', 'content'] });
  here.expectSuccess(await here.run());
  for (let run = 0; run < 2; run++) {
    here.clock.now += 1000;
    here.vendor.fault = (_, honest) => bent(here, honest, edited);
    assert.equal((await here.run()).status, 0);
  }
  assert.deepEqual(
    here.delivered(),
    [(text: string) => text, edited].flatMap((form) => here.vendor.records.map(({ text }) => form(text))),
  );
});

fault('P19', 'IDs that differ by Unicode normalisation, by case or by blanks are different', async (context) => {
  const here = await scene(context, { records: 0 });
  for (const id of ['caf\u00e9', 'cafe\u0301', 'CAF\u00c9', 'café ', '\ufeffcaf\u00e9']) here.vendor.add(id, 5);
  here.expectSuccess(await here.run());
  here.clock.now += 1000;
  here.expectSuccess(await here.run());
});

fault('P19', 'one ID in two spellings of its escapes is one ID', async (context) => {
  const here = await scene(context, { records: 0, argv: ['--dedupe', 'id'] });
  const time = new Date(here.clock.now - 5000).toISOString();
  const record = here.vendor.add('café', 5, `{"id":"café","time":"${time}"}`);
  here.expectSuccess(await here.run());
  here.clock.now += 1000;
  here.vendor.fault = (_, honest) => bent(here, honest, (body) => body.replace('é', '\\u00e9'));
  assert.equal((await here.run()).status, 0);
  assert.deepEqual(here.delivered(), [record.text]);
});

fault('P25', 'a record that is changed between two pages is delivered as it was and as it is', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(2, (_, honest) =>
    bent(here, honest, (body) => body.replace('[', `[${edited((here.vendor.records[0] as VendorRecord).text)},`)),
  );
  const result = await here.run(verbose);
  const texts = here.vendor.records.map(({ text }) => text);
  assert.deepEqual(here.delivered().toSorted(), [...texts, edited(texts[0] as string)].toSorted());
  assert.match(result.stderr, /7 fetched, 7 delivered, 1 of them with a known ID and other content/);
});

fault('P25', 'a record that is deleted between two pages takes no other with it', async (context) => {
  const here = await scene(context);
  here.vendor.fault = beforePage2(() => here.vendor.records.shift());
  assert.equal((await here.run()).status, 0);
  here.clock.now += 1000;
  assert.equal((await here.run()).status, 0);
  for (const { text } of here.vendor.records) assert.ok(here.delivered().includes(text));
  assert.equal(new Set(here.delivered()).size, here.delivered().length);
});

function withTotal(base: Definition): Definition {
  return { ...base, records: { ...base.records, total: 'total' } };
}

fault('P26', 'fewer records than announced: the window is read again once', async (context) => {
  const here = await scene(context, { define: withTotal });
  here.vendor.fault = once(onPage(2, (_, honest) => bent(here, honest, (body) => body.replace(/\[(\{[^}]*\}),/, '['))));
  here.expectSuccess(await here.run());
  assert.equal(here.vendor.requests.length, 6);
});

fault(
  'P26',
  'fewer records than announced, again and again: those are delivered, and nothing moves',
  async (context) => {
    const here = await scene(context, { define: withTotal });
    here.vendor.fault = (_, honest) => bent(here, honest, (body) => body.replace('"total":6', '"total":7'));
    const result = await here.run();
    assert.equal(here.vendor.requests.length, 6);
    await here.expectProblem(result, {
      exit: 76,
      message: /^acme announced 7 records from \S+Z to \S+Z and gave 6$/,
      hint: /^the position stays/,
    });
    assert.equal(here.delivered().length, 6, 'once each, by the run that failed and the one after it');
  },
);

fault(
  'P26',
  'fewer records than announced, again and again: a search prints what there is, and fails',
  async (context) => {
    const here = await scene(context, { define: withTotal });
    here.vendor.fault = (_, honest) => bent(here, honest, (body) => body.replace('"total":6', '"total":7'));
    const result = await here.run(['--since', '1h']);
    assert.deepEqual([result.status, here.delivered().length], [76, 6], result.stderr);
  },
);

for (const persistent of [false, true]) {
  fault(
    'P26',
    `a row that stands on two pages${persistent ? ', each time,' : ''} does not make up for the one that is left out`,
    async (context) => {
      const here = await scene(context, { define: withTotal });
      const [, last] = here.vendor.records.toSorted((one, other) => one.time - other.time);
      const shifted = onPage(2, (_, honest) =>
        bent(here, honest, (body) => body.replace(/\[\{[^}]*\}/, `[${last?.text}`)),
      );
      here.vendor.fault = persistent ? shifted : once(shifted);
      const result = await here.run();
      assert.equal(here.vendor.requests.length, 6);
      if (!persistent) return here.expectSuccess(result);
      return here.expectProblem(result, {
        exit: 76,
        message: /^acme announced 6 records from \S+Z to \S+Z and gave 5, and 1 whose ID the page before had$/,
        hint: /^the position stays/,
      });
    },
  );
}
