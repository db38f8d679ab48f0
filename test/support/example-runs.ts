/** A ready-made definition as cron runs it: the whole program, twice, with a position. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { delivered } from './cron.ts';
import { exampleFile } from './example-definition.ts';
import { run, scratch } from './program.ts';
import type { Vendor } from './vendors/server.ts';

export interface ExampleRuns {
  /** Starts a vendor that holds nothing, with the real clock. */
  start(): Promise<{
    readonly vendor: Vendor;
    readonly environment: Readonly<Record<string, string>>;
    /** Stores records that happened so many milliseconds ago; returns their texts. */
    add(ago: number): readonly string[];
  }>;
  /** The setting that holds the secret. */
  readonly secret: string;
  /** A secret that the vendor refuses, where not any text can be one, as for keys. */
  readonly wrong?: string;
  /** How long ago a record happened that is new to the second run: longer than the delay. */
  readonly late?: number;
  /** Hours that the first run reads, where more would be asked for too slowly. Default: what the definition says. */
  readonly hours?: number;
}

const minute = 60_000;

/** Three runs, with records from before the last run's end, which the overlap must find; `check`, and a wrong secret. */
export function exampleRuns(
  name: string,
  { start, secret, wrong = 'not-this-one', late: ago = minute, hours }: ExampleRuns,
): void {
  test(`${name}: a run brings what there is, the next one what is new, and a wrong ${secret} is 77`, async (t) => {
    const directory = scratch(t);
    const { vendor, environment, add } = await start();
    t.after(() => vendor.close());
    const go = (settings: Readonly<Record<string, string>> = {}, command: readonly string[] = [], job = name) => {
      const flags = ['--source', exampleFile(name), '--job', job, '--state-dir', directory, '--log-format', 'text'];
      return run([...command, ...flags], {
        environment: { HOME: directory, ...environment, ...settings },
        directory,
      });
    };
    const old = [...add(((hours ?? 49) - 1) * 60 * minute), ...add(90 * minute)];
    delivered(await go({}, hours === undefined ? [] : ['--first-run', `${hours}h`]), old);
    const late = add(ago);
    delivered(await go(), late);
    delivered(await go(), []);

    // Two jobs, because check takes the lock for a moment.
    const [checked, refused] = await Promise.all([go({}, ['check']), go({ [secret]: wrong }, [], 'refused')]);
    assert.deepEqual([checked.status, checked.stderr], [exit.ok, '']);
    assert.deepEqual([refused.status, refused.stdout], [exit.noperm, '']);
    assert.match(refused.stderr, new RegExp(`refused .*\\n.*hint: check .*${secret}`));
    const [line = ''] = wrong.split('\n').toSorted((one, other) => other.length - one.length);
    assert.ok(!refused.stderr.includes(line), 'a secret is shown');
  });
}
