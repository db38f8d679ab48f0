/**
 * Who has a say in a file besides this user and root. What belongs to the state goes by the strictest of these questions, a
 * file that somebody keeps settings in by milder ones.
 */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** The user, by number, whose it is, if that is neither this one nor root. */
export function strangerOf({ uid }: Pick<Owned, 'uid'>): number | undefined {
  return uid === process.getuid?.() || uid === 0 ? undefined : uid;
}

/** Whether anybody but its owner may write it. */
export function isSharedToWrite({ mode }: Pick<Owned, 'mode'>): boolean {
  return (mode & 0o022) !== 0;
}

/** Whether root and this user alone decide what is in a directory. */
export function isOwnDirectory(found: Pick<Owned, 'uid' | 'mode'>): boolean {
  return strangerOf(found) === undefined && !isSharedToWrite(found);
}

/** Whether others may write it. The group of this user is none: with a umask of 002 everybody has one of their own. */
export function othersMayWrite({ mode, gid }: Owned): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== process.getgid?.());
}

/**
 * Whether everybody on this machine can read or write the file, by these bits of its mode. Access by its group is fine: systemd
 * and Kubernetes hand credentials over that way. So is an open file in a directory that is closed to others.
 */
export function isOpenToAll(path: string, bits: number): boolean {
  const real = realpathSync(path);
  const stat = statSync(real);
  if (!stat.isFile() || (stat.mode & bits) === 0) return false;
  for (let at = dirname(real); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
