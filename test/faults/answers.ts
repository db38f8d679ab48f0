/** Answers that carry the vendor's clock, as all its honest ones do. */
import type { Buffer } from 'node:buffer';
import { reply } from '../support/raw-server.ts';
import type { Scene } from './harness.ts';
import { bodyOf, json } from './replies.ts';
import type { Asked } from './vendor.ts';

type Headers = Readonly<Record<string, string>>;

/** An answer in JSON, unless `headers` says otherwise. */
export function answer(here: Scene, status: number, body: string | Buffer, headers: Headers = {}): Buffer {
  return reply(status, { Date: new Date(here.clock.now).toUTCString(), ...json, ...headers }, body);
}

/** The honest answer with another body. */
export function bent(here: Scene, honest: Buffer, edit: (body: string) => string, headers: Headers = {}): Buffer {
  return answer(here, 200, edit(bodyOf(honest).toString()), headers);
}

/** What was asked for, in order: `login`, `page 1` and so on. */
export function askedOf(requests: readonly Asked[]): string[] {
  return requests.map((asked) => (asked.kind === 'page' ? `page ${asked.page}` : asked.kind));
}
