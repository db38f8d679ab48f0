/** What every source must do as the program in a child process, with nothing in its environment but its settings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { run, scratch, type Ended } from './program.ts';
import type { LoggedRequest, Vendor } from './vendors/server.ts';

export interface CronCase {
  /** Starts a vendor that holds nothing, with the real clock. */
  start(): Promise<CronVendor>;
  /** The setting that holds the secret. */
  readonly secret: string;
  /** `--query`, and the records that match it. */
  readonly query: string;
  matches(text: string): boolean;
  /** Value of `--categories`, for those that have some, and the records in them. */
  readonly categories?: readonly [names: string, belongs: (text: string) => boolean];
}

export interface CronVendor {
  readonly vendor: Vendor;
  readonly environment: Readonly<Record<string, string>>;
  /** Stores a record of each kind as of so many milliseconds ago; returns their texts. */
  add(ago: number): string[];
  /** The window that a request for records asks for, in nanoseconds; undefined for other requests. */
  windowOf(request: LoggedRequest): readonly [from: bigint, until: bigint] | undefined;
}

const minute = 60_000;
const day = 1440 * minute;

/** `longest` is the longest window that is asked for, in days. */
export function runsFromCron(
  name: string,
  longest: number,
  { start, secret, query, matches, categories }: CronCase,
): void {
  async function withVendor(
    t: { after(clean: () => void): void },
    body: (vendor: CronVendor, go: (...argv: string[]) => Promise<Ended>) => Promise<void>,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const home = scratch(t);
    const started = await start();
    const environment = { HOME: home, ...started.environment, ...settings };
    try {
      await body(started, (...argv) => run(['--source', name, ...argv], { environment, directory: home }));
    } finally {
      await started.vendor.close();
    }
  }

  test(`${name}: a run brings what there is, the next one only what is new, a third one nothing`, (t) =>
    withVendor(t, async ({ add }, go) => {
      const old = [...add(3 * day), ...add(2 * minute)];
      delivered(await go(), old);
      delivered(await go(), []);
      const late = add(3 * minute); // inside the overlap
      delivered(await go(), late);
      delivered(await go(), []);
    }));

  test(`${name}: twenty days are read without a hole, in windows of ${longest} days at most`, (t) =>
    withVendor(t, async ({ add, vendor, windowOf }, go) => {
      const texts = [...add(19 * day), ...add(13 * day), ...add(minute)];
      add(21 * day);
      delivered(await go('--since', '20d'), texts);
      const windows = unique(vendor.requests.flatMap((request) => [windowOf(request) ?? []]));
      const days = (from = 0n, until = 0n): number => Number(until - from) / 8.64e13;
      const whole = days(windows[0]?.[0], windows.at(-1)?.[1]);
      assert.ok(whole > 19.99 && whole < 20.01, `${whole} days`);
      for (const [number, [from, until]] of windows.entries()) {
        assert.ok(days(from, until) < longest + 0.0001, `${days(from, until)} days at once`); // whole seconds
        if (number > 0) assert.ok(from !== undefined && from <= (windows[number - 1]?.[1] ?? 0n), 'a hole');
      }
    }));

  test(`${name}: --query brings what matches`, (t) =>
    withVendor(t, async ({ add }, go) => {
      const wanted = add(minute).filter(matches);
      assert.ok(wanted.length > 0);
      delivered(await go('--since', '1h', '--query', query), wanted);
    }));

  if (categories !== undefined) {
    const [names, belongs] = categories;
    test(`${name}: --categories ${names} brings those, and has a position of its own`, (t) =>
      withVendor(t, async ({ add }, go) => {
        const texts = add(minute);
        const wanted = texts.filter(belongs);
        assert.ok(wanted.length > 0 && wanted.length < texts.length);
        delivered(await go('--categories', names), wanted);
        delivered(await go(), texts);
        delivered(await go('--categories', names), []);
      }));
  }

  test(`${name}: a wrong ${secret} is 77, said in two lines that do not show it`, (t) =>
    withVendor(
      t,
      async ({ add }, go) => {
        add(minute);
        const { status, stdout, stderr } = await go('--log-format', 'text');
        assert.deepEqual([status, stdout], [exit.noperm, '']);
        assert.match(stderr, new RegExp(`refused .*\\n.*hint: check .*${secret}`));
        assert.doesNotMatch(stderr, /not-this-one/);
      },
      { [secret]: 'not-this-one' },
    ));
}

/** All of it, in any order, and nothing said. */
export function delivered({ status, stdout, stderr }: Ended, texts: readonly string[]): void {
  assert.equal(stderr, '');
  assert.deepEqual(stdout.split('\n').slice(0, -1).toSorted(), texts.toSorted());
  assert.equal(status, exit.ok);
}

/** Windows in the order of their first request. */
function unique(windows: readonly (readonly bigint[])[]): (readonly bigint[])[] {
  const asked = windows.filter(({ length }) => length > 0);
  return [...new Map(asked.map((window) => [window.join(), window])).values()];
}
