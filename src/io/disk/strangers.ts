/** Who has a say in a file besides this user and root. */
import type { Stats } from 'node:fs';

type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** The user, by number, whose it is, if that is neither this one nor root. */
export function strangerOf({ uid }: Pick<Owned, 'uid'>): number | undefined {
  return uid === process.getuid?.() || uid === 0 ? undefined : uid;
}

/** Whether others may write it. The group of this user is none: with a umask of 002 everybody has one of their own. */
export function othersMayWrite({ mode, gid }: Owned): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getgid?.());
}
