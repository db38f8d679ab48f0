/**
 * What undici leaves open between a reply and its connection. Part of what dispatcher.ts is published as; it imports nothing
 * else of ours either.
 */
import type { Buffer } from 'node:buffer';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** The part of undici's handler of a request that is about its reply. */
interface Handler {
  onHeaders?(status: number, headers: Buffer[], resume: () => void, text: string): boolean;
  onData?(chunk: Buffer): boolean;
  onComplete?(trailers: string[] | null): void;
  onError?(error: Error): void;
}

/** Where undici names the connection of a request that it writes, in the same turn in which it has told the handler. */
const writes = 'undici:client:sendHeaders';

/** What is known of a connection. */
interface Connection {
  /** Makes undici read on. */
  readOn?: () => void;
  /** Tells of a write that failed, where that is put off. */
  fail?: () => void;
  /** The body of a success is held back until the request has left, so that nothing is gained by reading first. */
  isHeld: boolean;
}

const known = new WeakMap<Socket, Connection>();

type Written = (error?: Error | null) => void;

/**
 * The socket, with all that has come handed out before its end.
 *
 * Whoever refuses a request may answer before it has left, and hang up. A write that fails then would have Node drop the
 * connection, and with it the answer, which waits in the kernel to be read. So the failure is told when there is no more to
 * read: as the connection is gone, reading comes to its end.
 *
 * undici stops reading while nobody takes what it has read, and an end that comes then is an error that nobody can catch
 * (https://github.com/nodejs/undici/issues/5360). So at the end it reads on.
 */
export function readToEnd(socket: Socket): Socket {
  const connection: Connection = { isHeld: false };
  known.set(socket, connection);
  const patiently =
    (written: Written): Written =>
    (error) => {
      if (isBroken(error) && !connection.isHeld) connection.fail = () => written(error);
      else written(error);
    };
  const { _write, _writev } = socket;
  socket._write = (chunk, encoding, written) => _write.call(socket, chunk, encoding, patiently(written));
  socket._writev = (chunks, written) => _writev?.call(socket, chunks, patiently(written));
  return socket.prependListener('end', () => {
    connection.readOn?.();
    connection.fail?.();
  });
}

function isBroken(error: NodeJS.ErrnoException | null | undefined): boolean {
  return error?.code === 'EPIPE' || error?.code === 'ECONNRESET';
}

/** Tells of one request after the other on which connection it is written. */
export interface Connections {
  /** Called when undici has told the handler of a request; `name` gets its connection, before anything of a reply. */
  next(name: (socket: Socket) => void): void;
  close(): void;
}

export function connections(): Connections {
  let waiting: ((socket: Socket) => void) | undefined;
  const tell = (told: unknown): void => {
    waiting?.((told as { readonly socket: Socket }).socket);
    waiting = undefined;
  };
  subscribe(writes, tell);
  return {
    next: (name) => void (waiting = name),
    close: () => void unsubscribe(writes, tell),
  };
}

/**
 * Holds back the body of a success until all of the request has left. A server may answer sooner, and whoever has the whole
 * reply may close the connection, or write over what was still to be sent. EPIPE when the connection ends before.
 *
 * After any other reply that comes sooner, the connection is closed: what is left of a refused request need not be sent, and
 * if the server did not read it, the next request would never arrive.
 */
export function holdUntilSent(
  handler: Handler,
  socketOf: () => Socket | undefined,
  isSuccess: (status: number) => boolean,
): void {
  const { onHeaders, onData, onComplete } = handler;
  let isHeld = false;
  let isOver = false;

  function end(): void {
    queueMicrotask(() => handler.onError?.(Object.assign(new Error('ended before the request'), { code: 'EPIPE' })));
  }

  /** Once all that is still to be written has left, the rest of the reply is read. */
  function hold(socket: Socket, connection: Connection, resume: () => void): void {
    connection.isHeld = true;
    socket.write('', (error) => {
      connection.isHeld = isHeld = error instanceof Error;
      if (!isHeld) resume();
    });
    connection.fail?.();
  }

  handler.onHeaders = (status, headers, resume, text) => {
    const socket = socketOf();
    const connection = socket && known.get(socket);
    if (connection !== undefined) {
      connection.readOn = () => {
        isOver = true;
        resume();
      };
    }
    isHeld = isSuccess(status) && isLeaving(socket);
    const goesOn = onHeaders?.call(handler, status, headers, () => isHeld || resume(), text) ?? true;
    if (!isHeld) return goesOn;
    if (socket !== undefined && connection !== undefined) hold(socket, connection, resume);
    return false;
  };
  handler.onData = (chunk) => {
    const goesOn = onData?.call(handler, chunk) ?? true;
    return goesOn || isOver;
  };
  handler.onComplete = (trailers) => {
    if (isHeld) return end();
    onComplete?.call(handler, trailers);
    const socket = socketOf();
    if (isLeaving(socket)) socket?.destroy();
  };
}

/** Whether something is still to be written. */
function isLeaving(socket: Socket | undefined): boolean {
  return socket !== undefined && socket.writableLength > 0;
}
