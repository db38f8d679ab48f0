/**
 * Makes the Nth operation of this process on files, sockets or processes fail, the way SQLite tests itself: the patches
 * lie over Node's own functions, so that the program under test is the program itself. Sockets of the servers that play
 * vendors and destinations are left alone.
 */
import { ChildProcess } from 'node:child_process';
import syncFiles from 'node:fs';
import files, { open as openFile, type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Server, Socket } from 'node:net';
import { constants, devNull } from 'node:os';
import { standardOutputOperations } from './standard-output-operations.ts';

export type Kind = 'file' | 'socket' | 'process';

export interface Plan {
  readonly kind: Kind;
  /** The operation that fails, counted from 1. */
  readonly nth: number;
  /** `once`: only that one. `from`: all that follow as well. */
  readonly mode: 'once' | 'from';
  readonly code: string;
  /** Files that are read synchronously count when they are in this directory: Node loads its modules in that way. */
  readonly directory?: string;
}

export interface Armed {
  /** The first operation that failed; undefined when there was no Nth. */
  readonly failed: string | undefined;
  /** Files that were opened and not closed. */
  readonly open: ReadonlySet<string>;
  disarm(): void;
}

type Method = (this: unknown, ...words: unknown[]) => unknown;
type Holder = Record<string, Method>;

interface Patching {
  /** Counts an operation; the error when it is to fail. */
  fail(operation: string): Error | undefined;
  patch(holder: unknown, name: string, make: (original: Method) => Method): void;
  readonly plan: Plan;
  readonly open: Set<string>;
}

/** Arms a plan; nothing else may use files or sockets of this process asynchronously until it is disarmed. */
export async function arm(plan: Plan): Promise<Armed> {
  const { kind, nth, mode, code } = plan;
  const restores: (() => void)[] = [];
  const open = new Set<string>();
  let count = 0;
  let failed: string | undefined;

  function fail(operation: string): Error | undefined {
    count += 1;
    if (mode === 'once' ? count !== nth : count < nth) return undefined;
    failed ??= operation;
    return Object.assign(new Error(`${code}: made to fail, ${operation}`), { code });
  }

  function patch(holder: unknown, name: string, make: (original: Method) => Method): void {
    const methods = holder as Holder;
    const original = methods[name];
    if (original === undefined) throw new Error(`there is no ${name}`);
    methods[name] = make(original);
    restores.push(() => (methods[name] = original));
  }

  await patches[kind]({ fail, patch, plan, open });
  syncBuiltinESMExports();
  return {
    get failed() {
      return failed;
    },
    open,
    disarm() {
      for (const restore of restores) restore();
      standardOutputOperations.fail = undefined;
      syncBuiltinESMExports();
    },
  };
}

const patches: Readonly<Record<Kind, (patching: Patching) => Promise<void> | void>> = {
  file: patchFiles,
  socket: patchSockets,
  process: patchProcesses,
};

const pathOperations = [
  'open',
  'link',
  'rename',
  'unlink',
  'rmdir',
  'mkdir',
  'access',
  'stat',
  'readdir',
  'readFile',
  'writeFile',
  'readlink',
  'realpath',
];
const handleOperations = ['write', 'read', 'sync', 'datasync', 'stat', 'truncate'];

async function patchFiles({ fail, patch, plan, open }: Patching): Promise<void> {
  /** `close` is not in the prototype but in each handle. An error of it leaves nothing open. */
  function failingClose(handle: FileHandle, path: string): void {
    const close = handle.close.bind(handle);
    const name = `${path} (${handle.fd})`;
    open.add(name);
    handle.close = async () => {
      await close();
      open.delete(name);
      const error = fail('file.close');
      if (error !== undefined) throw error;
    };
  }

  for (const name of pathOperations) {
    patch(files, name, (original) => async (...words) => {
      // Node reads its modules by their addresses, and the program files by their paths.
      const error = words[0] instanceof URL ? undefined : fail(name);
      if (error !== undefined) throw error;
      const result = await original(...words);
      if (name === 'open') failingClose(result as FileHandle, String(words[0]));
      return result;
    });
  }
  const probe = await openFile(devNull);
  const prototype: unknown = Object.getPrototypeOf(probe);
  await probe.close();
  for (const name of handleOperations) {
    patch(
      prototype,
      name,
      (original) =>
        async function (this: unknown, ...words) {
          const error = fail(`file.${name}`);
          if (error === undefined) return original.apply(this, words);
          // A full disk takes a part of the bytes first.
          if (name === 'write') await original.call(this, words[0], words[1], Number(words[2]) >> 1, words[3]);
          throw error;
        },
    );
  }
  patchSynchronousFiles({ fail, patch, plan, open });
  standardOutputOperations.fail = fail;
}

/** Settings, secrets and definitions. Node loads its modules in the same way, from elsewhere. */
function patchSynchronousFiles({ fail, patch, plan, open }: Patching): void {
  const descriptors = new Map<unknown, string>();

  for (const name of ['openSync', 'statSync', 'lstatSync']) {
    patch(syncFiles, name, (original) => (...words) => {
      const path = String(words[0]);
      const isOurs = plan.directory !== undefined && path.startsWith(plan.directory);
      const error = isOurs ? fail(name) : undefined;
      if (error !== undefined) throw error;
      const result = original(...words);
      if (isOurs && name === 'openSync') {
        descriptors.set(result, `${path} (${String(result)})`);
        open.add(`${path} (${String(result)})`);
      }
      return result;
    });
  }
  for (const name of ['readSync', 'fstatSync']) {
    patch(syncFiles, name, (original) => (...words) => {
      const error = descriptors.has(words[0]) ? fail(name) : undefined;
      if (error !== undefined) throw error;
      return original(...words);
    });
  }
  patch(syncFiles, 'closeSync', (original) => (descriptor) => {
    original(descriptor);
    const name = descriptors.get(descriptor);
    if (name === undefined) return;
    descriptors.delete(descriptor);
    open.delete(name);
    const error = fail('closeSync');
    if (error !== undefined) throw error;
  });
}

function patchSockets({ fail, patch }: Patching): void {
  const isOurs = (socket: unknown): boolean => Reflect.get(Object(socket) as object, 'server') == null;
  patch(
    Socket.prototype,
    'connect',
    (original) =>
      function (this: unknown, ...words) {
        const error = isOurs(this) ? fail('connect') : undefined;
        if (error === undefined) return original.apply(this, words);
        process.nextTick(() => (this as Socket).destroy(error));
        return this;
      },
  );
  patch(
    Socket.prototype,
    '_writeGeneric',
    (original) =>
      function (this: unknown, ...words) {
        const error = isOurs(this) ? fail('send') : undefined;
        if (error === undefined) return original.apply(this, words);
        return (words[3] as (error: Error) => void)(error);
      },
  );
  patch(
    Socket.prototype,
    'push',
    (original) =>
      function (this: unknown, ...words) {
        const error = isOurs(this) && words[0] !== null ? fail('receive') : undefined;
        if (error === undefined) return original.apply(this, words);
        (this as Socket).destroy(error);
        return false;
      },
  );
  patch(
    Server.prototype,
    'listen',
    (original) =>
      function (this: unknown, ...words) {
        const error = fail('listen');
        if (error === undefined) return original.apply(this, words);
        process.nextTick(() => (this as Server).emit('error', error));
        return this;
      },
  );
}

/** The system refuses to start a process; Node tells some codes by an event, and throws others. */
function patchProcesses({ fail, patch, plan }: Patching): void {
  const probe: unknown = Reflect.get(new ChildProcess(), '_handle');
  patch(
    Object.getPrototypeOf(probe),
    'spawn',
    (original) =>
      function (this: unknown, ...words) {
        if (fail('spawn') === undefined) return original.apply(this, words);
        return -(constants.errno as Readonly<Record<string, number>>)[plan.code]!;
      },
  );
}
