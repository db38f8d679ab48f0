/**
 * Which secrets a job used last: a position goes by the source's address, and two accounts at one vendor have the same.
 * Nobody can tell a renewed secret from another account's, nor one that was put back from two jobs that take turns: a
 * change is told, each time, and nothing more.
 */
import { hash } from 'node:crypto';
import type { CredentialMarks } from '../types.ts';

/** 16 bits: enough to see that a secret is another one, and too few to find it by trying. */
const digits = 4;

/** The marks of some secrets, by their settings; none for one that is not set. */
export function markCredentials(secrets: Readonly<Record<string, string | undefined>>): CredentialMarks {
  return Object.fromEntries(
    Object.entries(secrets).flatMap(([name, text]) =>
      text === undefined ? [] : [[name, hash('sha256', `${name}=${text}`).slice(0, digits)]],
    ),
  );
}

/** A warning for each secret that is not the one of the last run. Settings that only one of the runs had do not count. */
export function changedCredentials(before: CredentialMarks | undefined, now: CredentialMarks | undefined): string[] {
  if (before === undefined || now === undefined) return [];
  const changed = Object.keys(now).filter((name) => before[name] !== undefined && before[name] !== now[name]);
  return changed.map(
    (name) =>
      `${name} is not the one that this job used last: if it was renewed, all is well; if it is that of another account, ` +
      "two jobs share a position, and each leaves out the other's records: give each a name with --job",
  );
}
