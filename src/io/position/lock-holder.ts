/**
 * Which process holds a lock, as a file name: `<process>,<start>,<namespace>,<boot>`. Numbers of processes are used again,
 * so there is when it started, in clock ticks since boot; containers have numbers of their own, and so has every boot.
 *
 * What /proc tells comes from memory, and is read synchronously: seventeen trips through the thread pool would be a tenth
 * of a run that finds the lock held.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from '../error-code.ts';

export interface Holders {
  /** The name of this process. */
  readonly self: string;
  /** Whether a process of that name is seen to live. One of another machine, container or boot is not. */
  isAlive(name: string): boolean;
}

/** As they are seen from this process. What the system does not tell is ''. */
export function holders(): Holders {
  const namespace = told(() => readlinkSync('/proc/self/ns/pid')).replace(/\D/g, '');
  const boot = content('/proc/sys/kernel/random/boot_id').trim() || encodeURIComponent(hostname());
  const place = `${namespace},${boot}`;
  return {
    self: `${process.pid},${startOf(process.pid)},${place}`,
    isAlive(name) {
      const [, pid, start, itsPlace] = /^(\d{1,10}),(\d*),(.*)$/.exec(name) ?? [];
      if (pid === undefined || itsPlace !== place) return false;
      return start === '' ? isRunning(Number(pid)) : startOf(Number(pid)) === start;
    },
  };
}

/** The number of the process. */
export function processOf(name: string): string {
  return name.split(',')[0] ?? '';
}

/** Where the system does not tell when a process started. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** Field 22 of /proc/<pid>/stat; the command in field 2 may hold spaces and brackets. '' for one that has ended. */
function startOf(pid: number): string {
  const stat = content(`/proc/${pid}/stat`);
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? '' : (fields[18] ?? '');
}

function content(path: string): string {
  return told(() => readFileSync(path, 'utf8'));
}

function told(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}
