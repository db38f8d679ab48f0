/** Warnings about files that hold secrets, or say where those go, and that everybody on this machine can read or write. */
import { shellWord } from '../core/text/shell-word.ts';
import { isOpenToAll } from '../io/disk/strangers.ts';
import type { Findings } from './findings.ts';

/**
 * Warns where everybody can read the file, which holds the setting `secret`. The mode of a file that Kubernetes mounts cannot
 * be changed from inside the container.
 */
export function warnIfReadable(path: string, secret: string, findings: Findings): void {
  const cure = `chmod 600 ${shellWord(path)}, or mount a Kubernetes Secret with defaultMode: 0440`;
  warnIfOpen(path, 0o006, `holds ${secret} and can be read by others: ${cure}`, findings);
}

/** Warns where everybody can write settings, a definition or trusted roots, and so have credentials sent elsewhere. */
export function warnIfWritable(path: string, findings: Findings): void {
  warnIfOpen(path, 0o002, `can be written by others: chmod go-w ${shellWord(path)}`, findings);
}

function warnIfOpen(path: string, bits: number, what: string, findings: Findings): void {
  try {
    if (!isOpenToAll(path, bits)) return;
  } catch {
    return; // it was read, which is what matters: a rotation may have taken it away since
  }
  if (!findings.warnings.some((known) => known.startsWith(`${path} `))) findings.warnings.push(`${path} ${what}`);
}
