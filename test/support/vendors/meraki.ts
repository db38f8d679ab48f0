/**
 * Plays the change log of Meraki: neither end inside the window, the newest page first, and links to the pages before and
 * after it: the latter is there for ever, and the former as long as there are changes. Pages are divided at times.
 */
import type { ServerResponse } from 'node:http';
import { onlyParameters, rfc3339 } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Meraki extends Vendor {
  /** Stores changes of an organization. */
  add(organization: string, ...texts: readonly string[]): void;
}

interface Change {
  readonly text: string;
  readonly organization: string;
  readonly time: number;
  readonly adminId: string;
}

const parameters = ['t0', 't1', 'perPage', 'endingBefore', 'startingAfter', 'adminId', 'networkId'];
const year = 365 * 86_400_000;

export async function startMeraki(options: ServerOptions = {}): Promise<Meraki> {
  const now = options.now ?? Date.now;
  const log: Change[] = [];

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const organization = /^\/api\/v1\/organizations\/(\w+)\/configurationChanges$/.exec(url.pathname)?.[1];
    if (headers.authorization !== 'Bearer key') return failure(response, 401, 'Invalid API key');
    if (method !== 'GET' || organization === undefined) return failure(response, 404, 'Not found');
    try {
      page(organization, url, response);
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(organization: string, url: URL, response: ServerResponse): void {
    const query = url.searchParams;
    onlyParameters(query, parameters);
    const [from, until] = [rfc3339('t0', query.get('t0')), rfc3339('t1', query.get('t1'))];
    const size = Number(query.get('perPage') ?? 5000);
    if (!(size >= 3 && size <= 5000)) throw new Error("'perPage' must be between 3 and 5000");
    if (from < now() - year || until - from > year) throw new Error("'t0' must be within the last 365 days");
    const [before, after] = ['endingBefore', 'startingAfter'].map((name) => query.get(name));
    const within = log
      .filter((change) => change.organization === organization && change.time > from && change.time < until)
      .filter(({ adminId }) => [null, adminId].includes(query.get('adminId')))
      .toSorted((a, b) => b.time - a.time);
    const found = within.filter(({ time }) => {
      return time < (before ? Date.parse(before) : Infinity) && time > (after ? Date.parse(after) : 0);
    });
    const shown = found.slice(0, size);
    const link = (relation: string, name: string, time: number): string => {
      const linked = new URL(url);
      for (const each of ['endingBefore', 'startingAfter']) linked.searchParams.delete(each);
      linked.searchParams.set(name, new Date(time).toISOString());
      return `<${linked.href}>; rel=${relation}`;
    };
    const last = shown.at(-1);
    const links = [
      link('first', 'startingAfter', 0),
      ...(last === undefined ? [] : [link('prev', 'endingBefore', last.time)]),
      link('next', 'startingAfter', shown[0]?.time ?? until),
    ];
    sendJson(response, 200, `[${shown.map(({ text }) => text).join(',')}]`, { Link: links.join(', ') });
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(organization: string, ...texts: readonly string[]) {
      for (const text of texts) {
        const { ts, adminId } = JSON.parse(text) as { ts: string; adminId: string };
        log.push({ text, organization, time: Date.parse(ts), adminId });
      }
    },
  });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ errors: [message] }));
}
