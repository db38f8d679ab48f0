/** Positions of a job of this name in a directory, made up, saved and loaded by the real store. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { createLedger } from '../../src/core/dedupe.ts';
import { firstPosition, newPlace } from '../../src/core/position.ts';
import { Problem } from '../../src/core/problem.ts';
import type { PositionStore } from '../../src/core/stores.ts';
import type { BranchPosition, Position } from '../../src/core/types.ts';
import { positionStore } from '../../src/io/position-file.ts';

export const scope = { source: 'vendor', sink: 'siem' };

/** A branch that was read up to there, with these IDs remembered. */
export function branch(watermark: bigint | undefined, ids: readonly string[] = [], bookmark?: string): BranchPosition {
  const ledger = createLedger(5);
  for (const id of ids) {
    const key = Buffer.from(id);
    ledger.keep(ledger.note(key, 0, key.length, 1_763_629_200_000, 7));
  }
  return { ...newPlace(undefined, 5), watermark, bookmark, ledger };
}

/** A position with these branches. */
export function positionOf(branches: Record<string, BranchPosition>): Position {
  return {
    ...firstPosition(scope),
    branches: new Map(Object.entries(branches)),
    credentials: { SYSDIG_TOKEN: '9f2c' },
  };
}

/** A position as plain values, to be compared. */
export function plain(position: Position | undefined): unknown {
  if (position === undefined) return undefined;
  const branches = [...position.branches].map(([name, { ledger, ...rest }]) => ({
    name,
    ...rest,
    lines: Buffer.concat([...ledger.lines()]).toString(),
  }));
  return { ...position, branches };
}

/** Saves these positions one after another, as one run; the store, which is closed. */
export async function saved(directory: string, ...positions: Position[]): Promise<PositionStore> {
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.load();
  for (const position of positions) await store.save(position);
  await store.close();
  return store;
}

/** What the next run goes on from, and is warned of. */
export async function load(
  directory: string,
): Promise<{ position: Position | undefined; warnings: readonly string[] }> {
  const store = positionStore(directory, 'job', scope);
  return { position: await store.load(), warnings: store.warnings };
}

/** Runs the command of a hint that says how to begin again; there must be a position before it, and none after. */
export async function beginAgain(directory: string, error: unknown): Promise<void> {
  assert.ok(error instanceof Problem, String(error));
  assert.equal(error.status, 78);
  const words = /begin again: (rm -f .*), then run once with -c --since/.exec(error.hint ?? '')?.[1];
  assert.ok(words, error.hint);
  assert.ok(readdirSync(directory).some((file) => file.includes('.position')));
  execFileSync('/bin/sh', ['-c', words]);
  assert.deepEqual(await load(directory), { position: undefined, warnings: [] });
}

/** A position file with a right checksum, whatever its content. */
export function writeDocument(path: string, body: string): void {
  const digest = createHash('sha256').update(body).digest('hex');
  writeFileSync(path, `audit-export position 1 sha256:${digest}\n${body}`, { mode: 0o600 });
}
