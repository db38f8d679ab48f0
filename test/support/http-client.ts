/** The program's HTTP client against raw servers, and what its failures must say. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Http, HttpReply } from '../../src/core/tools.ts';
import { openHttp, type HttpOptions } from '../../src/io/http.ts';

/** What no failure may say. */
export const secret = 's3cret-t0ken';

/** For who listens to nothing that a client tells, and knows no secrets. */
export const unheard = { hide: () => {}, debug: () => {}, isSecret: () => false };

/** A client of a source, unless told otherwise, with an environment of its own. */
export function openClient(base: string, options: Partial<HttpOptions> = {}): Http {
  const stop = new AbortController().signal;
  const limits = { timeout: 5000, until: Infinity, stop };
  const usual = { ...limits, insecure: false, environment: {}, now: Date.now, role: 'source' } as const;
  return openHttp(base, { ...usual, ...unheard, ...options });
}

/** A client that lives as long as the test. */
export function clientFor(t: TestContext, base: string, options: Partial<HttpOptions> = {}): Http {
  const http = openClient(base, options);
  t.after(() => http.close());
  return http;
}

/** Asks once, by a client of its own; the body, or the Problem. */
export async function askOnce(base: string, options: Partial<HttpOptions> = {}, url = '/'): Promise<string | Problem> {
  const http = openClient(base, options);
  try {
    return await getText(http, url);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  } finally {
    await http.close();
  }
}

export const get = (http: Http, url = '/'): Promise<HttpReply> => http.send({ method: 'GET', url });
export const getText = async (http: Http, url = '/'): Promise<string> => (await get(http, url)).text();

/** The Problem of a promise that must fail; it may never say the secret. */
export async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Problem)) throw error;
  assert.ok(!`${error.message} ${error.hint} ${JSON.stringify(error.cause)}`.includes(secret), error.message);
  assert.ok(error.hint, 'every Problem has a next step');
  return error;
}

/** A Problem that goes away by itself, so that the request is worth another attempt. */
export function isTransient(problem: Problem, message: RegExp): void {
  assert.match(problem.message, message);
  assert.equal(problem.status, exit.unavailable);
  const isConnected = !/\((?:ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT)/.test(problem.message);
  assert.deepEqual(problem.again, isConnected ? {} : { untaken: true });
}

/** A Problem that another attempt would meet again. */
export function isFinal(problem: Problem, status: number, message: RegExp): void {
  assert.match(problem.message, message);
  assert.equal(problem.status, status);
  assert.equal(problem.again, undefined);
}
