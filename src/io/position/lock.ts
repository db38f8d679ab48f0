/**
 * One run of a job at a time. On Linux the lock is an abstract Unix socket: the kernel lets go of it at any death of the
 * process, so there is no stale lock and no waiting time. Elsewhere, and where such sockets are forbidden (systemd's
 * RestrictAddressFamilies), it is a file (lock-file.ts).
 *
 * It is a courtesy and not the guard: two containers that share a directory do not see each other's sockets. What keeps
 * the position right even then is the check before each save (io/position-file.ts).
 */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { exit, Problem } from '../../core/problem.ts';
import { errorCode } from '../error-code.ts';
import { reached } from '../failpoint.ts';
import { lockFile } from './lock-file.ts';

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a job whose state lives in `directory` (which is there); `file` is the name for a lock file.
 * Problem 75 at once when another run holds it.
 */
export async function takeLock(directory: string, job: string, file: string): Promise<Lock> {
  const place = await realpath(directory); // the same lock, whichever way the directory was spelled
  const lock = process.platform === 'linux' ? await takeSocket(socketName(place, job)) : undefined;
  const taken = lock ?? (await lockFile(join(place, file)));
  if (taken !== 'held') {
    reached('lock: taken');
    return taken;
  }
  throw new Problem(exit.tempfail, `another run of job ${job} is still going`, {
    hint: 'wait for it to end, or start the runs further apart',
  });
}

/** As long as a socket name can be (108 bytes with the leading zero): some libuv versions would fill it up. */
function socketName(place: string, job: string): string {
  const digest = createHash('sha256').update(`${place}\0${job}`).digest('hex');
  return `\0audit-export ${process.getuid?.() ?? ''} ${digest}`.padEnd(108, ' ');
}

/** Undefined where abstract sockets are not to be had. */
async function takeSocket(name: string): Promise<Lock | 'held' | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.unref(); // a lock must not keep the program running
  try {
    await listening(server, name);
  } catch (error) {
    return errorCode(error) === 'EADDRINUSE' ? 'held' : undefined;
  }
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

function listening(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', reject); // also later ones, which must not end the program
    server.listen(name, () => resolve());
  });
}
