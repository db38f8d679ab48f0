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
  /** Where this is false, a number is all that is known of other processes, and it may be another program's by now. */
  readonly knowStarts: boolean;
}

/** Holders as they are seen from this process. What the system does not tell is ''. */
export function holders(): Holders {
  const namespace = told(() => readlinkSync('/proc/self/ns/pid')).replace(/\D/g, '');
  const boot = content('/proc/sys/kernel/random/boot_id').trim() || encodeURIComponent(hostname());
  const started = startOf(process.pid);
  // Where the system does not tell it, our own clock does: the first process of each container has the number 1.
  const self = `${process.pid},${started || Math.floor(performance.timeOrigin)},${namespace},${boot}`;
  return {
    self,
    knowStarts: started !== '',
    isAlive(name) {
      const [, pid, start, itsNamespace, itsBoot] = /^(\d{1,10}),(\d*),(\d*),(.*)$/.exec(name) ?? [];
      if (pid === undefined || itsNamespace !== namespace || !mayBeSameBoot(itsBoot!, boot)) return false;
      if (Number(pid) === process.pid) return name === self;
      return started === '' || start === '' ? isRunning(Number(pid)) : startOf(Number(pid)) === start;
    },
  };
}

/** A service of systemd with ProcSubset=pid is not told the boot, unlike who runs the same job by hand: the start decides. */
function mayBeSameBoot(one: string, other: string): boolean {
  return one === other || isBootId(one) !== isBootId(other);
}

function isBootId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
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
