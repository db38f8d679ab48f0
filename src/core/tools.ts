/** The outside, as a source sees it. */
import type { Buffer } from 'node:buffer';
import type { Hint } from './hint.ts';
import type { Instant } from './types.ts';

/** One HTTP request. `url` is absolute, or relative to the client's base. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** May be sent again on a connection that broke before any reply: GET, and POST that only reads. Default: GET only. */
  readonly repeatable?: boolean;
  /** Sent even when the run has been asked to stop: a logout. */
  readonly final?: boolean;
  /** False: any redirect is a Problem (76). Default: a few are followed, inside the origin. */
  readonly followRedirects?: boolean;
  /** A redirect is its reply, and nothing else is asked for. */
  readonly keepRedirect?: boolean;
  /** Whether a status means success: the body of such a reply ends only after all of the request has left. Default: 2xx. */
  readonly isSuccess?: (status: number) => boolean;
}

/** One HTTP reply. The body must be read, or discarded. Names of headers are lower case. */
export interface HttpReply {
  readonly status: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Where a proxy on the way may have answered itself, which looks like an answer of the server: what to check then. */
  readonly orProxy?: Hint | undefined;
  /** The server's clock, from the `Date` header. */
  readonly date: Instant | undefined;
  /** Decompressed, in chunks. Ends with a Problem (`again` set) when the connection breaks before the end. */
  readonly body: AsyncIterable<Buffer>;
  /** The whole body as text, at most `limit` bytes (default 1 MiB; the rest is cut off and discarded). */
  text(limit?: number): Promise<string>;
  discard(): Promise<void>;
}

/**
 * An HTTP client bound to one origin, which keeps that origin's cookies. One attempt per call; never another origin.
 * Throws Problem: transient ones carry `again`. Any HTTP status but a redirect is a reply, not a Problem.
 */
export interface Http {
  send(request: HttpRequest): Promise<HttpReply>;
  /** How many cookies the origin has set: none after a login means that there was no login. */
  readonly cookies: number;
  /** The value of the cookie of that name: of several, the one with the shortest path. */
  cookie(name: string): string | undefined;
  /** Forgets all cookies, as before the first request, where somebody is to log in anew. */
  forgetCookies(): void;
  close(): Promise<void>;
}

/** What a source or sink may use of the world; it cannot reach the outside by itself. */
export interface Tools {
  /** Opens a client for the origin of `base`. The sink's client outlives a stop request, the source's does not. */
  http(base: string): Http;
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Resolves after that many milliseconds; rejects with the stop request's Problem. */
  wait(milliseconds: number): Promise<void>;
  /** Waits two turns of the event loop, so that a request just begun is written before the caller goes on. */
  turn(): Promise<void>;
  /** [0, 1). */
  random(): number;
  /** Debug log; never pass a secret, a header or a body. */
  debug(message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  /** Redacts a credential that a reply brought in all that is printed; `replaced` is the one whose place it took. */
  hide(secret: string | undefined, replaced?: string): void;
  /** Whether the text contains a credential that is in use, however it is spelled. */
  isSecret(text: string): boolean;
  /** One line for the operator, at the default level; the same line is printed once. */
  warn(message: string): void;
  /** Aborts when the run must end: a signal, or --max-runtime. The reason is a Problem. */
  readonly stop: AbortSignal;
  /** Until when waits must have ended, in milliseconds since 1970: before `stop` comes, if not sooner. Infinity without a limit. */
  deadline(): number;
}
