/**
 * Makes the Nth operation of this process on files or sockets fail, the way SQLite tests itself: the patches lie over
 * Node's own functions, so that the program under test is the program itself. Sockets of the servers that play vendors
 * and destinations are left alone.
 */
import files, { open as openFile, type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { devNull } from 'node:os';

export type Kind = 'file' | 'socket';

export interface Plan {
  readonly kind: Kind;
  /** The operation that fails, counted from 1. */
  readonly nth: number;
  /** `once`: only that one. `from`: all that follow as well, but for closing. */
  readonly mode: 'once' | 'from';
  readonly code: string;
}

export interface Armed {
  /** The first operation that failed; undefined when there was no Nth. */
  readonly failed: string | undefined;
  disarm(): void;
}

type Method = (this: unknown, ...words: unknown[]) => unknown;
type Holder = Record<string, Method>;

const pathOperations = [
  'open',
  'link',
  'rename',
  'unlink',
  'mkdir',
  'access',
  'stat',
  'readdir',
  'readFile',
  'writeFile',
  'realpath',
];
const handleOperations = ['write', 'read', 'sync', 'datasync', 'stat', 'truncate'];

/** Arms a plan; nothing else may use files or sockets of this process asynchronously until it is disarmed. */
export async function arm({ kind, nth, mode, code }: Plan): Promise<Armed> {
  const restores: (() => void)[] = [];
  let count = 0;
  let failed: string | undefined;

  function fails(operation: string): boolean {
    count += 1;
    const now = mode === 'once' ? count === nth : count >= nth;
    if (now) failed ??= operation;
    return now;
  }

  function patch(holder: Holder, name: string, make: (original: Method) => Method): void {
    const original = holder[name];
    if (original === undefined) throw new Error(`there is no ${name}`);
    holder[name] = make(original);
    restores.push(() => (holder[name] = original));
  }

  /** `close` is not in the prototype but in each handle. An error of it leaves nothing open. */
  function failingClose(handle: FileHandle): void {
    const close = handle.close.bind(handle);
    handle.close = async () => {
      await close();
      if (fails('file.close')) throw error('file.close');
    };
  }

  const error = (operation: string): Error => Object.assign(new Error(`${code}: made to fail, ${operation}`), { code });

  if (kind === 'file') {
    const probe = await openFile(devNull);
    const prototype = Object.getPrototypeOf(probe) as Holder;
    await probe.close();
    for (const name of pathOperations) {
      patch(files as unknown as Holder, name, (original) => async (...words) => {
        if (fails(name)) throw error(name);
        const result = await original(...words);
        if (name === 'open') failingClose(result as FileHandle);
        return result;
      });
    }
    for (const name of handleOperations) {
      patch(
        prototype,
        name,
        (original) =>
          async function (this: unknown, ...words) {
            if (!fails(`file.${name}`)) return original.apply(this, words);
            // A full disk takes a part of the bytes first.
            if (name === 'write') await original.call(this, words[0], words[1], Number(words[2]) >> 1, words[3]);
            throw error(name);
          },
      );
    }
  } else {
    const prototype = Socket.prototype as unknown as Holder;
    const isOurs = (socket: unknown): boolean => Reflect.get(Object(socket) as object, 'server') == null;
    patch(
      prototype,
      'connect',
      (original) =>
        function (this: unknown, ...words) {
          if (!isOurs(this) || !fails('connect')) return original.apply(this, words);
          process.nextTick(() => (this as Socket).destroy(error('connect')));
          return this;
        },
    );
    patch(
      prototype,
      '_writeGeneric',
      (original) =>
        function (this: unknown, ...words) {
          if (!isOurs(this) || !fails('send')) return original.apply(this, words);
          return (words[3] as (error: Error) => void)(error('send'));
        },
    );
    patch(
      prototype,
      'push',
      (original) =>
        function (this: unknown, ...words) {
          if (!isOurs(this) || words[0] === null || !fails('receive')) return original.apply(this, words);
          (this as Socket).destroy(error('receive'));
          return false;
        },
    );
  }
  syncBuiltinESMExports();
  return {
    get failed() {
      return failed;
    },
    disarm() {
      for (const restore of restores) restore();
      syncBuiltinESMExports();
    },
  };
}
