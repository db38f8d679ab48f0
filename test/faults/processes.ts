/** The program under a shell, and the odd places that only a real process can be put into. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { ended, type Ended } from '../support/program.ts';
import { bundle, canaries, type Result, type Scene, type SceneOptions } from './harness.ts';

/** Standard output is a file, so that what a broken run wrote too much is taken back: delivered exactly once, always. */
export const toFile = (path: string): Pick<SceneOptions, 'argv' | 'delivered'> => ({
  argv: ['--sink', 'file', '--output', path],
  delivered: () => linesOf(path),
});

/** The lines of a file; none when there is no such file. */
export function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

export interface ShellOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: number;
}

/** Runs a line of /bin/sh in which `"$@"` is the program with the scene's arguments. */
export function shell(here: Scene, line: string, { environment, user }: ShellOptions = {}): Promise<Ended> {
  const words = ['--source', here.source, '--state-dir', here.stateDirectory, '--job', 'faults'];
  return ended(
    spawn('/bin/sh', ['-c', line, 'sh', process.execPath, bundle, ...words], {
      cwd: here.directory,
      env: { PATH: '/usr/bin:/bin', ACME_URL: here.vendor.url, ACME_TOKEN: canaries.apiKey, ...environment },
      ...(user === undefined ? {} : { uid: user, gid: user }),
    }),
  );
}

/** The same as a run of the scene whose watermark stayed where it was. */
export async function shellResult(here: Scene, line: string, options?: ShellOptions): Promise<Result> {
  const watermarks = { before: [], after: [] };
  return { ...(await shell(here, line, options)), waits: [], watermarks };
}

/** Calls `body` with a small file system at `path`; skips the test where mounting is not allowed. */
export async function mounted(
  context: TestContext,
  path: string,
  options: string,
  body: () => Promise<void>,
): Promise<void> {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${options}`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return context.skip('no right to mount a file system');
  }
  try {
    await body();
  } finally {
    execFileSync('umount', [path]); // before the directory that it is in is removed
  }
}

/** Waits until it is so; a test that waits in vain ends by its own time limit, and tells `known` of it. */
export async function until(isSo: () => boolean, known: () => string = () => String(isSo)): Promise<void> {
  const end = performance.now() + hang;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`it did not come true: ${known()}`);
    await sleep(5);
  }
}

/** No test waits for longer, in milliseconds. */
const hang = 120_000;

export interface HeldPage {
  /** Waits for the first request of the page, or for the end of the run `by`, which then never asks for it. */
  asked(by: Promise<Ended | Result>): Promise<void>;
  isAsked(): boolean;
  release(): void;
}

/** A vendor that answers page `page` only when it is released. */
export function heldPage(here: Scene, page: number): HeldPage {
  const waiting: (() => void)[] = [];
  let released = false;
  here.vendor.fault = (asked, honest) => {
    if (asked.kind !== 'page' || asked.page !== page || released) return undefined;
    return (socket) => void waiting.push(() => socket.write(honest));
  };
  const isAsked = (): boolean => waiting.length > 0;
  return {
    isAsked,
    async asked(by) {
      let early: Ended | Result | undefined;
      void (async () => (early = await by))();
      const known = (): string =>
        `a request for page ${page}; these came: ${here.vendor.requests.map(({ path }) => path).join(', ')}`;
      await until(() => isAsked() || early !== undefined, known);
      if (!isAsked()) throw new Error(`before page ${page}, the run ended with ${early?.status}: ${early?.stderr}`);
    },
    release() {
      released = true;
      for (const answer of waiting) answer();
    },
  };
}

/** The end of a child of `Scene.start`, as a run whose watermark stayed. */
export async function resultOf(child: ChildProcess): Promise<Result> {
  return { ...(await ended(child)), waits: [], watermarks: { before: [], after: [] } };
}

export const isRoot = process.getuid?.() === 0;

/** The position file of the scene's job. */
export function positionFile({ stateDirectory }: Pick<Scene, 'stateDirectory'>): string {
  return join(stateDirectory, 'faults.position');
}

/** Writes to a file until its disk has no room left; returns the file. */
export function fillUp(directory: string): string {
  const path = join(directory, 'filler');
  for (let block = 4096; block > 0; block = Math.floor(block / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(block), { flag: 'a' });
    } catch {
      // smaller ones may still fit
    }
  }
  return path;
}
