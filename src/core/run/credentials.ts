/**
 * Which secrets a job used last: a position goes by the source's address, and two accounts at one vendor have the same.
 * Nobody can tell a renewed secret from another account's, so that a change is told and nothing more. But when the one
 * before comes back within a day, two jobs take turns.
 */
import { createHash } from 'node:crypto';
import { exit, Problem } from '../problem.ts';
import type { Position } from '../types.ts';

/** A mark of each secret, by the setting that it came from. */
export type CredentialMarks = Readonly<Record<string, string>>;

/** The marks before the last change, and when that was: ISO 8601 in UTC. */
export interface FormerCredentials {
  readonly marks: CredentialMarks;
  readonly until: string;
}

const day = 24 * 3_600_000;

/** 16 bits: enough to see that a secret is another one, and too few to find it by trying. */
const digits = 4;

/** The marks of some secrets, by their settings; none for one that is not set. */
export function markCredentials(secrets: Readonly<Record<string, string | undefined>>): CredentialMarks {
  return Object.fromEntries(
    Object.entries(secrets).flatMap(([name, text]) =>
      text === undefined ? [] : [[name, createHash('sha256').update(`${name}=${text}`).digest('hex').slice(0, digits)]],
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

/** Throws Problem 78 when a secret is the one before that of the last run, and was so a day ago. `at` in milliseconds. */
export function refuseTurns(
  { credentials = {}, formerCredentials }: Position,
  now: CredentialMarks | undefined,
  at: number,
): void {
  if (formerCredentials === undefined || now === undefined) return;
  const { marks, until } = formerCredentials;
  if (at - Date.parse(until) > day) return;
  const back = Object.keys(now).filter(
    (name) => now[name] === marks[name] && credentials[name] !== undefined && credentials[name] !== now[name],
  );
  if (back.length === 0) return;
  throw new Problem(
    exit.config,
    `${back.join(', ')} changed ${until} and is now what it was before: two jobs take turns at one position, and each leaves out the other's records`,
    {
      hint: 'give each job a name of its own with --job NAME; a job alone that put its old secret back goes on a day after the change',
    },
  );
}

/** Notes what a run used that went well. */
export function noteCredentials(position: Position, now: CredentialMarks | undefined): void {
  const { credentials, last } = position;
  if (credentials !== undefined && last !== undefined && changedCredentials(credentials, now).length > 0) {
    position.formerCredentials = { marks: credentials, until: last.ended };
  }
  position.credentials = now;
}
