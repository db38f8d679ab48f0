/** What a sink gets of the world, for tests: a clock that only `wait` moves, and doors that must not be opened. */
import { Buffer } from 'node:buffer';
import type { SinkTools } from '../../src/core/types.ts';

export interface TestTools extends SinkTools {
  /** What was waited, in milliseconds. */
  readonly waits: number[];
  readonly warnings: string[];
}

/** 2025-11-20T00:00:00Z. */
export const testNow = 1_763_596_800_000;

export function sinkTools(parts: Partial<SinkTools> = {}): TestTools {
  const waits: number[] = [];
  const warnings: string[] = [];
  let now = testNow;
  let guids = 0;
  return {
    sourceName: 'acme',
    idSpace: () => 'acme',
    waits,
    warnings,
    now: () => now,
    wait(milliseconds) {
      waits.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
    random: () => 0.5,
    debug: () => undefined,
    warn: (message) => void warnings.push(message),
    stop: new AbortController().signal,
    deadline: Infinity,
    guid: () => `00000000-0000-4000-8000-${String((guids += 1)).padStart(12, '0')}`,
    http: () => unexpected('http'),
    file: () => unexpected('file'),
    wire: () => unexpected('wire'),
    output: { kind: 'pipe', write: (_bytes: Buffer) => unexpected('output'), sync: () => unexpected('output') },
    ...parts,
  };
}

function unexpected(door: string): never {
  throw new Error(`the sink opened ${door}`);
}
