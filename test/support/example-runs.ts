/** A ready-made definition as cron runs it: the whole program, twice, with a position. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delivered } from './cron.ts';
import { exampleFile } from './example-definition.ts';
import { run, scratch } from './program.ts';
import type { Vendor } from './vendors/server.ts';

export interface ExampleRun {
  readonly vendor: Vendor;
  readonly environment: Readonly<Record<string, string>>;
  /** Stores records as of now and shortly before; returns their texts. Called once before each run. */
  add(): readonly string[];
}

/** `ExampleRun` with nothing stored yet, and the real clock. */
export function runsTwice(name: string, start: () => Promise<ExampleRun>): void {
  test(`${name}: a run brings what there is, the next one exactly what is new`, async (t) => {
    const directory = scratch(t);
    const { vendor, environment, add } = await start();
    const go = async () => {
      const flags = ['--source', exampleFile(name), '--job', name, '--state-dir', directory];
      return run(flags, { environment: { HOME: directory, ...environment }, directory });
    };
    try {
      const first = add();
      assert.ok(first.length > 0);
      delivered(await go(), first);
      delivered(await go(), add());
      delivered(await go(), []);
    } finally {
      await vendor.close();
    }
  });
}
