/** Pages that lead nowhere, in circles, or to somebody else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromMillis, isoText } from '../../src/core/time.ts';
import { rawServer, silence } from '../support/raw-server.ts';
import { answer, askedOf, bent } from './answers.ts';
import type { Definition } from './definition.ts';
import { fault, scene, type Scene } from './harness.ts';
import { watchMemory } from './peak-memory.ts';
import { once, onPage } from './replies.ts';
import { recordText, type Fault } from './vendor.ts';

const empty = (next: string): string => `{"records":[],"next":${next},"total":0}`;

fault('P01', 'an empty page with a further cursor is followed on', async (context) => {
  const here = await scene(context);
  here.vendor.fault = once(onPage(2, () => answer(here, 200, empty('"c2.0"')))); // another spelling of the same place
  here.expectSuccess(await here.run());
  assert.deepEqual(askedOf(here.vendor.requests), ['page 1', 'page 2', 'page 2', 'page 3']);
});

fault('P01', 'empty pages without end are a circle', async (context) => {
  const here = await scene(context);
  let number = 0;
  here.vendor.fault = () => answer(here, 200, empty(`"c${++number}"`));
  const result = await here.run();
  assert.equal(here.vendor.requests.length, 1001);
  await here.expectProblem(result, {
    exit: 76,
    message: /^acme answers with 1001 empty pages in a row: its paging goes in circles$/,
    hint: /^nothing was skipped and the position stays; .*; if one without records is the last page, add stop: \[empty-page\] to paging in \S+$/,
  });
});

fault('P02', 'an empty page without a cursor is the end', async (context) => {
  const here = await scene(context, { records: 0 });
  const result = await here.run();
  here.expectSuccess(result);
  assert.notDeepEqual(result.watermarks.after, result.watermarks.before);

  here.vendor.add('r1', 5);
  here.vendor.add('r2', 4);
  here.clock.now += 60_000;
  here.vendor.fault = onPage(1, (_, honest) =>
    bent(here, honest, (body) => body.replace('"next":null', '"next":"c2"')),
  );
  here.expectSuccess(await here.run());
  assert.deepEqual(askedOf(here.vendor.requests), ['page 1', 'page 1', 'page 2']);
});

for (const [what, cycle] of [
  ['the same cursor', { 1: 'c2', 2: 'c2' }],
  ['the first cursor again', { 1: 'c2', 2: 'c4', 3: 'c2' }],
] as const) {
  fault('P03', `${what} is a circle`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = (asked, honest) =>
      asked.kind !== 'page'
        ? undefined
        : bent(here, honest, (body) =>
            body.replace(/"next":[^,]*/, `"next":"${cycle[asked.page as keyof typeof cycle]}"`),
          );
    const result = await here.run();
    assert.ok(here.vendor.requests.length <= 3);
    assert.equal(here.delivered().length, 2 * here.vendor.requests.length, 'what the circle showed is delivered');
    await here.expectProblem(result, {
      exit: 76,
      message: /^acme answers with a page that it led to before: its paging goes in circles$/,
      hint: /report it to the vendor/,
    });
  });
}

for (const period of [1, 2, 3]) {
  fault('P04', `new cursors with the same pages again and again (${period} in turn) are a circle`, async (context) => {
    const here = await scene(context, { records: period });
    let number = 0;
    here.vendor.fault = (_, honest) => {
      const { text = '' } = here.vendor.records[number % period] ?? {};
      number += 1;
      return bent(here, honest, () => `{"records":[${text}],"next":"c${number}"}`);
    };
    const result = await here.run();
    assert.equal(here.vendor.requests.length, period + 2); // the first that comes again may be of twins
    await here.expectProblem(result, {
      exit: 76,
      message: /^acme answers with a page that it gave before: its paging goes in circles$/,
      hint: /^nothing was skipped/,
    });
  });
}

/** The vendor names the next page by its address. */
function byAddress(base: Definition): Definition {
  return { ...base, paging: { type: 'url', path: 'next' } };
}

function honestAddresses(here: Scene): Fault {
  return (asked, honest) => {
    const url = new URL(asked.path, here.vendor.url);
    return bent(here, honest, (body) =>
      body.replace(/"next":"([^"]+)"/, (_, cursor: string) => {
        url.searchParams.set('cursor', cursor);
        return `"next":${JSON.stringify(url.pathname + url.search)}`;
      }),
    );
  };
}

for (const [number, what, address] of [
  ['P05', 'at another host', (port: number) => `http://127.0.0.1:${port}/audit`],
  ['P05', 'at another name of the same host', (port: number) => `http://localhost:${port}/audit`],
  ['P06', 'without a scheme', (port: number) => `//127.0.0.1:${port}/audit`],
  ['P06', 'with a backslash', (port: number) => `/\\127.0.0.1:${port}/audit`],
  ['P06', 'with backslashes after a scheme', (port: number) => `http:\\\\127.0.0.1:${port}/audit`],
  ['P06', 'with a tab inside', (port: number) => `/\t/127.0.0.1:${port}/audit`],
  ['P06', 'behind user info', (port: number) => `http://127.0.0.1@127.0.0.1:${port}/audit`],
  ['P07', 'with file:', () => 'file:///etc/passwd'],
  ['P07', 'with data:', () => 'data:application/json,{"records":[]}'],
  ['P07', 'with javascript:', () => 'javascript:alert(1)'],
  ['P07', 'with ftp:', (port: number) => `ftp://127.0.0.1:${port}/audit`],
] as const) {
  fault(number, `a next page ${what} is refused, and nothing is sent there`, async (context) => {
    const other = await rawServer(silence);
    context.after(() => other.close());
    const here = await scene(context, { define: byAddress });
    here.vendor.fault = onPage(1, (_, honest) =>
      bent(here, honest, (body) => body.replace('"c2"', JSON.stringify(address(other.port)))),
    );
    const result = await here.run();
    assert.equal(other.connections, 0);
    assert.equal(here.vendor.requests.length, 1);
    await here.expectProblem(result, {
      exit: 76,
      message: /^http:\/\/127\.0\.0\.1:\d+ leads to .*, which is not followed$/,
      hint: /^credentials are only ever sent to/,
      lift: () => (here.vendor.fault = honestAddresses(here)),
    });
  });
}

fault('P06', 'a next page with user info of this very host is refused, too', async (context) => {
  const here = await scene(context, { define: byAddress });
  const { port } = here.vendor;
  here.vendor.fault = onPage(1, (_, honest) =>
    bent(here, honest, (body) => body.replace('"c2"', `"http://good@127.0.0.1:${port}/audit"`)),
  );
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /leads to an address with user info at http:\/\/127\.0\.0\.1:\d+, which is not followed$/,
    hint: /^credentials are only ever sent to/,
    lift: () => (here.vendor.fault = honestAddresses(here)),
  });
});

fault('P11', 'a vendor that ignores the lower bound is filtered here, in bounded memory', async (context) => {
  const here = await scene(context, { argv: ['-v', '--log-format', 'text'] });
  const old = Array.from({ length: 20_000 }, (_, at) => recordText(`old${at}`, here.clock.now - 7_200_000 - at * 1000));
  here.vendor.fault = onPage(1, (_, honest) =>
    bent(here, honest, (body) => body.replace('"records":[', `"records":[${old.join(',')},`)),
  );
  const result = await here.run();
  assert.equal(result.status, 0);
  here.expectDelivered();
  assert.match(result.stderr, /20006 fetched, 6 delivered, 20000 outside the window/);
  assert.doesNotMatch(result.stderr, /warning/, 'two hours may be a matter of a coarse filter');
});

for (const bound of ['lower bound', 'bounds'] as const) {
  fault('P11', `a vendor that ignores the ${bound} shows nothing twice in a window that is cut`, async (context) => {
    const here = await scene(context, {
      define: (base) => ({ ...base, window: { ...base.window, longest: '15m' } }),
    });
    for (const minutes of [50, 40, 29, 16, 5]) here.vendor.add(`old${minutes}`, minutes * 60);
    here.vendor.fault = ({ path }) => {
      const until = Date.parse(new URL(path, here.vendor.url).searchParams.get('until') ?? '');
      const shown = here.vendor.records.filter(({ time }) => bound === 'bounds' || time < until);
      const texts = shown.map(({ text }) => text).join(',');
      return answer(here, 200, `{"records":[${texts}],"next":null,"total":${shown.length}}`);
    };
    const result = await here.run();
    assert.equal(result.status, 0);
    assert.ok(here.vendor.requests.length >= 4, 'the window is cut');
    assert.deepEqual(here.delivered().toSorted(), here.vendor.records.map(({ text }) => text).toSorted());
  });
}

fault('P11', 'a vendor that shows records of long ago is warned of', async (context) => {
  const here = await scene(context);
  const old = here.clock.now - 40 * 86_400_000;
  here.vendor.fault = onPage(1, (_, honest) =>
    bent(here, honest, (body) => body.replace('"records":[', `"records":[${recordText('old', old)},`)),
  );
  const result = await here.run();
  assert.equal(result.status, 0);
  here.expectDelivered();
  const said = `acme shows records from long before the window asked for, such as one of ${isoText(fromMillis(old))}`;
  const left = 'they were left out; if it is not that old, records.time in the definition is wrong';
  assert.ok(result.stderr.includes(`warning: ${said}: ${left}`), result.stderr);
});

fault('P12', 'a page of a million records, whatever size was asked for, is streamed', async (context) => {
  const here = await scene(context, { records: 0, delivered: () => [] });
  const time = here.clock.now - 5000;
  const count = 1_000_000;
  here.vendor.fault = () => async (socket) => {
    const write = async (text: string): Promise<void> => {
      const more = socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
      if (!more) await new Promise((resolve) => socket.once('drain', resolve));
    };
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
    await write('{"next":null,"records":[');
    for (let at = 0; at < count; at += 1000) {
      const texts = Array.from({ length: 1000 }, (_, next) => recordText(`m${at + next}`, time));
      await write(texts.join(',') + (at + 1000 < count ? ',' : '],"total":0}'));
    }
    socket.write('0\r\n\r\n');
  };
  const output = join(here.directory, 'records.jsonl');
  const peak = watchMemory(here);
  const result = await here.spawn(['--sink', 'file', '--output', output], { environment: peak.environment });
  assert.deepEqual([result.status, result.stderr], [0, '']);
  assert.equal(readFileSync(output, 'latin1').split('\n').length - 1, count);
  assert.ok(peak.megabytes() < 200, `${peak.megabytes()} MB`);
});
