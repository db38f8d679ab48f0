import { createLedger } from '../../src/core/dedupe.ts';
import type { Ledger } from '../../src/core/types.ts';

/** For tests to which it does not matter where in its table a ledger finds an ID. */
export function emptyLedger(): Ledger {
  return createLedger(0);
}
