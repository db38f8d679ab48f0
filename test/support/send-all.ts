/** Records through a sink: one batch, or as many as its limits make of them. */
import assert from 'node:assert/strict';
import { type Packed, packer } from '../../src/core/batch.ts';
import { deliver, type Listeners } from '../../src/core/delivery/deliver.ts';
import { type Delivered, nothingDelivered } from '../../src/core/delivery/delivered.ts';
import type { Tools } from '../../src/core/tools.ts';
import type { AuditRecord, Sink } from '../../src/core/types.ts';

/** `deliver`, for a test that listens to a part of what it tells, or to nothing. */
export function deliverTo(
  sink: Parameters<typeof deliver>[0],
  packed: Packed,
  clock: Parameters<typeof deliver>[2],
  listeners: Partial<Listeners> = {},
): Promise<Delivered> {
  return deliver(sink, packed, clock, { soFar() {}, mayRefuse() {}, repeated() {}, ...listeners });
}

/**
 * Entries are the indices of the records. `soFar` is called with what is certain, after each batch and when one fails.
 */
export async function sendAll(
  sink: Sink,
  records: readonly AuditRecord[],
  tools: Tools,
  soFar: (delivered: Delivered) => void = () => undefined,
  mayRefuse?: (count: number, reason: string) => void,
): Promise<Delivered> {
  const packing = packer(sink, '');
  let all = nothingDelivered;
  async function flush(): Promise<void> {
    const packed = packing.take();
    assert.ok(packed);
    const listeners = { soFar: (some: Delivered) => soFar(joined(all, some)), ...(mayRefuse && { mayRefuse }) };
    all = joined(all, await deliverTo(sink, packed, tools, listeners));
    soFar(all);
  }
  for (const [entry, record] of records.entries()) {
    if (packing.add(record, entry) === 'added') continue;
    await flush();
    assert.equal(packing.add(record, entry), 'added');
  }
  await flush();
  return all;
}

function joined(first: Delivered, second: Delivered): Delivered {
  return {
    kept: [...first.kept, ...second.kept],
    awaited: [...first.awaited, ...second.awaited],
    refused: [...first.refused, ...second.refused],
    diverted: first.diverted + second.diverted,
  };
}
