/**
 * The system refuses one kind of operation on files. Beside test/sweep/failing.ts, which counts operations of all kinds: what
 * else this process does just then, as to write a cache of its modules, does not matter here.
 */
import files, { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';

/** Does `work` while every hard link or opening, or every fsync, read or write of an open file, fails with `code`. */
export async function refused<T>(
  operation: 'link' | 'open' | 'sync' | 'read' | 'write',
  code: string,
  work: () => Promise<T>,
): Promise<T> {
  const probe = await open(devNull);
  await probe.close();
  const holder = (operation === 'link' || operation === 'open' ? files : Object.getPrototypeOf(probe)) as Record<
    string,
    unknown
  >;
  const original = holder[operation];
  holder[operation] = () => Promise.reject(Object.assign(new Error(`${code}: refused, ${operation}`), { code }));
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    holder[operation] = original;
    syncBuiltinESMExports();
  }
}
