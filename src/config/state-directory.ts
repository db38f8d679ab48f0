/** Where positions live. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { exit, Problem } from '../core/problem.ts';
import type { Environment } from '../io/world.ts';
import { fullPath } from './full-path.ts';

/**
 * `--state-dir`, systemd's `$STATE_DIRECTORY` (the first of a list), `$XDG_STATE_HOME/audit-export`, or
 * `~/.local/state/audit-export`. Relative values of the two variables are ignored, as the XDG specification asks.
 * Without HOME (some crons, `env -i`) the user's entry in the password database says where home is. Throws Problem (78)
 * when none of them names a place.
 */
export function stateDirectory(flag: string | undefined, environment: Readonly<Environment>): string {
  const found = findStateDirectory(flag, environment);
  if (found === undefined) throw noPlace('the position');
  return found;
}

/** The same for a run that may do without one: undefined when none of them names a place. */
export function findStateDirectory(flag: string | undefined, environment: Readonly<Environment>): string | undefined {
  if (flag !== undefined) return fullPath(flag);
  const [systemd = ''] = (environment['STATE_DIRECTORY'] ?? '').split(':');
  if (systemd.startsWith('/')) return systemd;
  const xdg = environment['XDG_STATE_HOME'] ?? '';
  if (xdg.startsWith('/')) return join(xdg, 'audit-export');
  const home = environment['HOME'] ?? homeOfUser();
  return home.startsWith('/') ? join(home, '.local/state/audit-export') : undefined;
}

/** The Problem (78) of a run that has nowhere to put `what`. */
export function noPlace(what: string): Problem {
  return new Problem(exit.config, `there is no place for ${what}: no STATE_DIRECTORY, and no home directory`, {
    hint: 'name a directory with --state-dir, for example /var/lib/audit-export',
  });
}

function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch {
    return ''; // a container may run as a user that is not in its password database
  }
}
