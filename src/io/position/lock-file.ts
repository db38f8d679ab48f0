/**
 * A lock file that says who holds it, for systems without abstract sockets. It is taken from its holder only when that
 * one is certainly dead: same host, and an earlier boot, or the same process numbers with that process gone.
 */
import { constants } from 'node:fs';
import { link, readFile, readlink, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileProblem, orFileProblem, removeFile, tempBeside } from '../disk/durable.ts';
import { errorCode } from '../error-code.ts';
import { reached } from '../failpoint.ts';

/** Who holds a lock file; what the system does not tell is ''. */
export interface Holder {
  readonly host: string;
  /** Changes with every boot of the machine. */
  readonly boot: string;
  /** Which process numbers are meant: containers have their own. */
  readonly namespace: string;
  readonly pid: number;
  /** When the process started, in clock ticks since boot: numbers are used again. */
  readonly started: string;
}

/** Takes the lock file, or says that it is held. */
export async function lockFile(path: string): Promise<{ release(): Promise<void> } | 'held'> {
  const mine = JSON.stringify(await self());
  const temp = tempBeside(path);
  try {
    await writeFile(temp, `${mine}\n`, { mode: 0o600, flag: 'wx' });
    reached('lock file: temp written');
    // a link appears with its content, so that nobody reads a half-written holder
    if (!(await linked(temp, path)) && !((await removeDead(path)) && (await linked(temp, path)))) return 'held';
  } catch (error) {
    throw fileProblem(error, 'create the lock file', path);
  } finally {
    await removeFile(temp);
  }
  return {
    async release() {
      if ((await content(path)).trim() !== mine) return;
      await orFileProblem('remove the lock file', path, () => removeFile(path));
    },
  };
}

/** Whether the holder is certainly dead. */
export async function isDead(holder: Holder): Promise<boolean> {
  const here = await self();
  if (holder.host !== here.host) return false;
  if (holder.boot !== here.boot) return true;
  if (holder.namespace !== here.namespace) return false;
  if (!isRunning(holder.pid)) return true;
  return holder.started !== '' && (await startOf(holder.pid)) !== holder.started;
}

/** Who this process is. */
export async function self(): Promise<Holder> {
  return {
    host: (await content('/etc/machine-id')).trim() || hostname(),
    boot: (await content('/proc/sys/kernel/random/boot_id')).trim(),
    namespace: await readlink('/proc/self/ns/pid').catch(() => ''),
    pid: process.pid,
    started: await startOf(process.pid),
  };
}

async function linked(temp: string, path: string): Promise<boolean> {
  try {
    await link(temp, path);
    reached('lock file: linked');
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a dead holder. Two runs may try at once: only the one that moved the dead lock away goes on. */
async function removeDead(path: string): Promise<boolean> {
  const found = await content(path);
  const holder = parseHolder(found);
  if (holder === undefined || !(await isDead(holder))) return false;
  const aside = tempBeside(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  reached('lock file: moved aside');
  const dead = (await content(aside)) === found;
  if (!dead) await linked(aside, path); // it was replaced by a live one in between: put it back
  await removeFile(aside);
  return dead;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { host, boot, namespace, pid, started } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || host === undefined || boot === undefined) return undefined;
    return { host, boot, namespace: namespace ?? '', pid, started: started ?? '' };
  } catch {
    return undefined; // not ours to judge, so not dead
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** Field 22 of /proc/<pid>/stat; the command in field 2 may hold spaces and brackets. */
async function startOf(pid: number): Promise<string> {
  const stat = await content(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function content(path: string): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', flag: constants.O_RDONLY | constants.O_NOFOLLOW });
  } catch {
    return ''; // only ever leads to "not known to be dead"
  }
}
