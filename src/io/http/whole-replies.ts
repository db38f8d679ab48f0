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

/** What makes undici read on, by connection. */
const readOn = new WeakMap<Socket, () => void>();

/**
 * The socket, with the rest of its reply handed out when it ends: undici stops reading while nobody takes what it has read,
 * and an end that comes then is an error that nobody can catch (https://github.com/nodejs/undici/issues/5360).
 */
export function readToEnd(socket: Socket): Socket {
  return socket.prependListener('end', () => readOn.get(socket)?.());
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
 */
export function holdUntilSent(handler: Handler, connection: () => Socket | undefined): void {
  const { onHeaders, onData, onComplete } = handler;
  let isHeld = false;
  let isOver = false;

  function end(): void {
    queueMicrotask(() => handler.onError?.(Object.assign(new Error('ended before the request'), { code: 'EPIPE' })));
  }

  handler.onHeaders = (status, headers, resume, text) => {
    const socket = connection();
    if (socket !== undefined) {
      readOn.set(socket, () => {
        isOver = true;
        resume();
      });
    }
    isHeld = status >= 200 && status < 300 && socket !== undefined && socket.writableLength > 0;
    const goesOn = onHeaders?.call(handler, status, headers, () => isHeld || resume(), text) ?? true;
    if (!isHeld) return goesOn;
    // Nothing, behind all that is still to be written.
    socket?.write('', (error) => {
      isHeld = error instanceof Error;
      if (!isHeld) resume();
    });
    return false;
  };
  handler.onData = (chunk) => {
    const goesOn = onData?.call(handler, chunk) ?? true;
    return goesOn || isOver;
  };
  handler.onComplete = (trailers) => (isHeld ? end() : onComplete?.call(handler, trailers));
}
