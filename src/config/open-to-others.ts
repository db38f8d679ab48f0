/** Warnings of files that everybody on this machine can read or write, though they hold secrets, or say where those go. */
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { shellWord } from '../core/text/shell-word.ts';
import type { Findings } from './findings.ts';

/**
 * Warns where everybody can read the file, which holds the setting `secret`. Of what Kubernetes mounts, nobody in the
 * container can change the mode.
 */
export function warnIfReadable(path: string, secret: string, findings: Findings): void {
  const cure = `chmod 600 ${shellWord(path)}, or mount a Kubernetes Secret with defaultMode: 0440`;
  warnIfOpen(path, 0o006, `holds ${secret} and can be read by others: ${cure}`, findings);
}

/** Who can write settings, a definition or the roots to trust can have credentials sent elsewhere. */
export function warnIfWritable(path: string, findings: Findings): void {
  warnIfOpen(path, 0o002, `can be written by others: chmod go-w ${shellWord(path)}`, findings);
}

function warnIfOpen(path: string, bits: number, what: string, findings: Findings): void {
  try {
    if (!isOpenToOthers(path, bits)) return;
  } catch {
    return; // it was read, which is what matters: a rotation may have taken it away since
  }
  if (!findings.warnings.some((known) => known.startsWith(`${path} `))) findings.warnings.push(`${path} ${what}`);
}

/**
 * Whether everybody on this machine can read or write the file, by these bits of its mode. Its group is not everybody:
 * systemd and Kubernetes hand credentials over by it. Nor does a file that is open in a directory that is not.
 */
function isOpenToOthers(path: string, bits: number): boolean {
  const real = realpathSync(path);
  const stat = statSync(real);
  if (!stat.isFile() || (stat.mode & bits) === 0) return false;
  for (let at = dirname(real); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
