/** What a sink gets of the world, for tests: the fake that a source gets as well, and doors that must not be opened. */
import { Buffer } from 'node:buffer';
import type { Settings, SettingValues } from '../../src/core/setting.ts';
import type { SinkDefinition, SinkTools } from '../../src/core/sink-tools.ts';
import type { Sink } from '../../src/core/types.ts';
import { fakeTools, type FakeTools } from './fake-tools.ts';

/** 2025-11-20T00:00:00Z. */
export const testNow = 1_763_596_800_000;

/** One for all, as no two runs are given the same. */
let guids = 0;

export function sinkTools(parts: Partial<SinkTools> = {}): SinkTools & FakeTools {
  return {
    ...fakeTools({ now: testNow }),
    sourceName: 'acme',
    idSpace: () => 'acme',
    trustsIds: false,
    guid: () => `00000000-0000-4000-8000-${String((guids += 1)).padStart(12, '0')}`,
    file: () => unexpected('file'),
    wire: () => unexpected('wire'),
    output: {
      kind: 'pipe',
      write: (_bytes: Buffer) => unexpected('output'),
      isWriting: () => unexpected('output'),
      sync: () => unexpected('output'),
    },
    ...parts,
  };
}

/** What is not set has its default, as in a checked configuration. */
export function withDefaults(settings: Settings, values: SettingValues): SettingValues {
  const defaults = Object.entries(settings).flatMap(([name, { default: text }]) =>
    text === undefined ? [] : [[name, text]],
  );
  return { ...Object.fromEntries(defaults), ...values };
}

export function makeSink({ settings, create }: SinkDefinition, values: SettingValues, tools: SinkTools): Sink {
  return create(withDefaults(settings, values), tools);
}

function unexpected(door: string): never {
  throw new Error(`the sink opened ${door}`);
}
