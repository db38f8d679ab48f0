/**
 * What is done to files, in order. Whether something was made durable before the next step shows in nothing else: a power
 * cut cannot be had in a test, and a process that is killed loses no write. The notes lie over Node's own functions.
 */
import files, { open as openFile, type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { devNull } from 'node:os';
import { basename } from 'node:path';

type Method = (this: unknown, ...words: unknown[]) => unknown;

const onPaths = ['rename', 'link', 'unlink', 'copyFile'];
const onHandles: Readonly<Record<string, string>> = {
  write: 'write',
  sync: 'fsync',
  datasync: 'fsync',
  truncate: 'truncate',
};

/**
 * Each step of `work` that went well, as `fsync job.position`; the digits in the name of a temp file are left out, and so
 * is a step that is the same as the one before.
 */
export async function fileSteps(work: () => Promise<unknown>): Promise<readonly string[]> {
  const steps: string[] = [];
  const restores: (() => void)[] = [];
  const paths = new WeakMap<object, string>();

  function note(step: string): void {
    if (steps.at(-1) !== step) steps.push(step);
  }
  function patch(holder: unknown, name: string, make: (original: Method) => Method): void {
    const methods = holder as Record<string, Method>;
    const original = methods[name]!;
    methods[name] = make(original);
    restores.push(() => (methods[name] = original));
  }

  patch(files, 'open', (original) => async (...words) => {
    const handle = (await original(...words)) as FileHandle;
    paths.set(handle, nameOf(words[0]));
    return handle;
  });
  for (const name of onPaths) {
    patch(files, name, (original) => async (...words) => {
      const result = await original(...words);
      const named = name === 'unlink' ? words.slice(0, 1) : words.slice(0, 2);
      note([name, ...named.map(nameOf)].join(' '));
      return result;
    });
  }
  const probe = await openFile(devNull);
  const prototype: unknown = Object.getPrototypeOf(probe);
  await probe.close();
  for (const [name, said] of Object.entries(onHandles)) {
    patch(
      prototype,
      name,
      (original) =>
        async function (this: unknown, ...words) {
          const result = await original.apply(this, words);
          note(`${said} ${paths.get(Object(this) as object) ?? 'a file that was open before'}`);
          return result;
        },
    );
  }
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    for (const restore of restores) restore();
    syncBuiltinESMExports();
  }
  return steps;
}

function nameOf(path: unknown): string {
  return basename(String(path)).replace(/\.[0-9a-f]{12}\.temp$/, '.temp');
}
