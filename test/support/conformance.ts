/** What every source must do, tried against a server that plays its vendor. Each source adds only what is peculiar to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../src/core/definition.ts';
import { exit } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { Tools } from '../../src/core/tools.ts';
import type { Ask, Search } from '../../src/core/types.ts';
import { problem } from './problem.ts';
import { pullOnce, sourceTools, textsOf, type Read } from './source-tools.ts';
import { sendHtml, sendJson, type Fault, type LoggedRequest, type Vendor } from './vendors/server.ts';
import type { TokenGrants } from './vendors/token-grants.ts';

export interface Conformance {
  readonly definition: SourceDefinition;
  /** Starts a vendor that holds `texts`, more than two pages of `limit` records. */
  start(): Promise<Started>;
  /** The setting that holds the secret, and others without which nothing is given either. */
  readonly secret: string;
  readonly otherSecrets?: readonly string[];
  /** A secret that the vendor refuses, where not any text can be one, as for keys. */
  readonly wrong?: string;
  readonly limit: number;
  /** What is said of JSON of another shape, where a reply without a list may mean that there are no records. */
  readonly otherShape?: RegExp;
  /** The vendor gives all records of a window in one reply, however many are asked for. */
  readonly onePage?: boolean;
  /** The records on the edge of two pages are on both, as where a time is the cursor. */
  readonly repeats?: boolean;
  /** The vendor grants tokens, which may end during a run; `bound`: and later pages with the token that the first came by. */
  readonly tokens?: boolean | 'bound';
}

export interface Started {
  readonly vendor: Vendor;
  readonly values: SettingValues;
  readonly part?: Partial<Ask>;
  /** Every record, in the vendor's order and bytes, and its time in milliseconds. */
  readonly texts: readonly string[];
  readonly times: readonly number[];
  /** By both clocks; milliseconds. Default: it is now. */
  readonly now?: number;
  /** Whether a request asks for records, rather than for a login, a job, or a list of branches. */
  asksRecords(request: LoggedRequest): boolean;
  /** The server that grants tokens, where it is another one. */
  readonly login?: Vendor;
  readonly grants?: TokenGrants;
  /** Sessions still open, where there are any. */
  openSessions?(): number;
}

export function conforms(name: string, conformance: Conformance): void {
  const {
    definition,
    start,
    secret,
    otherSecrets = [],
    wrong = 'wrong',
    limit,
    otherShape = /no(?:t a)? list of records/,
    onePage = false,
    repeats = false,
    tokens = false,
  } = conformance;
  async function withVendor(body: (started: Started) => Promise<void>): Promise<void> {
    const started = await start();
    try {
      await body(started);
      assert.equal(started.openSessions?.() ?? 0, 0, 'a session was left open');
    } finally {
      await Promise.all([started.vendor.close(), started.login?.close()]);
    }
  }

  function pull(
    { values, part = {}, now }: Started,
    more: { values?: SettingValues; search?: Partial<Search>; tools?: Tools } = {},
  ) {
    const { search = {}, tools = sourceTools(now) } = more;
    return pullOnce(definition, { ...values, ...more.values }, { search: { limit, ...search }, part, tools });
  }

  const fails = async (started: Started, status: number, message: RegExp, values: SettingValues = {}) =>
    assert.rejects(pull(started, { values }), problem(status, message));

  test(`${name}: its definition is one that a user could write`, () => {
    assert.deepEqual(parseDefinition(JSON.parse(JSON.stringify(definition)), name), definition);
    assert.equal(definition.name, name);
  });

  test(`${name}: every record of every page comes, byte for byte, with its own ID and its time`, () =>
    withVendor(async (started) => {
      const { records: read, refused, unmatched } = await pull(started);
      const records = repeats ? once(read) : read;
      assert.deepEqual(textsOf(records), started.texts);
      assert.deepEqual(
        records.map((record) => record.time),
        started.times,
      );
      assert.equal(new Set(records.map((record) => record.id)).size, started.texts.length);
      assert.deepEqual([refused, unmatched], [0, 0]);
      const asked = started.vendor.requests.filter(started.asksRecords).length;
      assert.ok(onePage ? asked === 1 : asked > 2, `${asked} requests`);
    }));

  test(`${name}: a reply that breaks off is fetched again, and its records keep their IDs`, () =>
    withVendor(async (started) => {
      const { records: whole } = await pull(started);
      let cut = 0;
      started.vendor.fault = (request, response) => {
        if (!started.asksRecords(request) || cut++ !== (onePage ? 0 : 1)) return false;
        return breakOff(response);
      };
      const { records } = await pull(started);
      assert.ok(cut > (onePage ? 1 : 2));
      assert.deepEqual(once(records), repeats ? once(whole) : whole, 'what came twice came with the same ID');
    }));

  test(`${name}: one query is one query, and says that more was there`, () =>
    withVendor(async (started) => {
      const { records, truncated } = await pull(started, { search: { single: true } });
      assert.deepEqual(textsOf(records), onePage ? started.texts : started.texts.slice(0, limit));
      assert.equal(truncated, !onePage);
      assert.equal(started.vendor.requests.filter(started.asksRecords).length, 1);
    }));

  test(`${name}: a page that is full and the last one is no reason for a warning`, () =>
    withVendor(async (started) => {
      const tools = sourceTools(started.now);
      const { records } = await pull(started, { search: { limit: started.texts.length }, tools });
      assert.deepEqual(textsOf(repeats ? once(records) : records), started.texts);
      assert.doesNotMatch(tools.warnings.join(), /was full/);
    }));

  test(`${name}: --query leaves out what does not match, and counts it`, () =>
    withVendor(async (started) => {
      const { records, unmatched } = await pull(started, { search: { query: [['no.such."field"', 'x']] } });
      assert.equal(records.length, 0);
      assert.ok(
        repeats ? unmatched > started.texts.length : unmatched === started.texts.length,
        `${unmatched} unmatched`,
      );
    }));

  test(`${name}: a server error passes with patience, and a rate limit with the wait that was asked for`, () =>
    withVendor(async (started) => {
      const faults = [
        [503, undefined],
        [429, '7'],
      ] as const;
      let at = 0;
      started.vendor.fault = (request, response) => {
        const fault = started.asksRecords(request) ? faults[at++] : undefined;
        if (fault === undefined) return false;
        sendJson(
          response,
          fault[0],
          '{"message":"not now"}',
          fault[1] === undefined ? {} : { 'Retry-After': fault[1] },
        );
        return true;
      };
      const tools = sourceTools(started.now);
      const { records } = await pull(started, { tools });
      assert.equal((repeats ? once(records) : records).length, started.texts.length);
      assert.ok(tools.waits.includes(7000), `waited ${tools.waits.join(', ')}`);
    }));

  for (const each of [secret, ...otherSecrets]) {
    test(`${name}: wrong credentials (${each}) are 77 and are not tried twice`, () =>
      withVendor(async (started) => {
        await fails(started, exit.noperm, /refused/, { [each]: wrong });
        const { vendor, login } = started;
        const requests = [...vendor.requests, ...(login?.requests ?? [])];
        assert.equal(requests.filter((request) => !request.target.endsWith('/logout')).length, 1);
      }));
  }

  if (tokens) {
    test(`${name}: a token that ends between two pages is replaced by another one, and nothing is lost`, () =>
      withVendor(async (started) => {
        const { vendor, grants, texts } = started;
        let pages = 0;
        vendor.fault = (request) => {
          if (started.asksRecords(request) && ++pages === 2) grants?.revoke();
          return false;
        };
        const { records } = await pull(started);
        assert.deepEqual(textsOf(repeats || tokens === 'bound' ? once(records) : records), texts);
        assert.ok(pages > 2);
        assert.equal(grants?.granted(), 2);
      }));
  }

  const replies: readonly (readonly [what: string, status: number, message: RegExp, reply: Fault])[] = [
    [
      'an error inside HTTP 200',
      exit.protocol,
      /reported an error in page 1(?: of item 1)?: boom/,
      replyWith('{"error":{"message":"boom"}}'),
    ],
    ['a web page', exit.protocol, /something other than JSON/, (_, response) => (sendHtml(response, 200), true)],
    ['no JSON', exit.protocol, /JSON/, replyWith('<html>')],
    ['JSON of another shape', exit.protocol, otherShape, replyWith('{"unknown":[]}')],
    ['HTTP 404', exit.config, /HTTP 404/, replyWith('{}', 404)],
    ['HTTP 403', exit.noperm, /HTTP 403/, replyWith('{}', 403)],
    ['HTTP 204', exit.protocol, /HTTP 204/, (_, response) => (response.writeHead(204).end(), true)],
    ['HTTP 500 for ever', exit.unavailable, /HTTP 500/, replyWith('{}', 500)],
  ];
  // What a definition says of a status is tried by its own tests.
  const said = new Set(definition.reply?.empty?.map((status) => `HTTP ${status}`));
  for (const [what, status, message, reply] of replies.filter(([name]) => !said.has(name))) {
    test(`${name}: ${what} instead of records is ${status}`, () =>
      withVendor(async (started) => {
        started.vendor.fault = (request, response) => started.asksRecords(request) && reply(request, response);
        await fails(started, status, message);
      }));
  }
}

/** Each record once, at its first place. */
function once(records: readonly Read[]): Read[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

function replyWith(text: string, status = 200): Fault {
  return (_, response) => {
    sendJson(response, status, text);
    return true;
  };
}

/** Sends two thirds of the answer to come and hangs up. */
function breakOff(response: Parameters<Fault>[1]): false {
  const write = response.write.bind(response);
  response.end = ((text: string) => {
    write(text.slice(0, (text.length * 2) / 3), () => response.destroy());
    return response;
  }) as typeof response.end;
  return false;
}
