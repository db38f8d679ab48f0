/**
 * Plays GitHub after its REST reference: an organization and an enterprise; later pages are at an address with the ID of
 * the organization, and carry a cursor and an empty `before`.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

interface Entry {
  readonly '@timestamp': number;
}

export interface GitHub extends Vendor {
  add(...texts: readonly string[]): void;
}

export async function startGitHub(options: ServerOptions = {}): Promise<GitHub> {
  const log: { readonly time: number; readonly text: string }[] = [];
  const places = ['/orgs/octo-corp', '/enterprises/octo', '/organizations/1'].map((place) => `${place}/audit-log`);

  function answer({ target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const refuse = (status: number, message: string): void => sendJson(response, status, JSON.stringify({ message }));
    if (headers['user-agent'] === undefined) return refuse(403, 'Request forbidden by administrative rules.');
    if (headers.authorization !== 'Bearer token') return refuse(401, 'Bad credentials');
    if (!places.includes(url.pathname)) return refuse(404, 'Not Found');
    const {
      phrase,
      include,
      order,
      per_page: size,
      after = '',
      before,
      ...unknown
    } = Object.fromEntries(url.searchParams);
    const [, from = '', until = '', more] = /^created:(\S+?)\.\.(\S+)( .*)?$/.exec(phrase ?? '') ?? [];
    const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/.test(text);
    if (!isTime(from) || !isTime(until)) return refuse(422, `The search is no range: ${phrase ?? ''}`);
    if (Object.keys(unknown).length > 0 || (before ?? '') !== '' || order !== 'asc' || Number(size) > 100)
      return refuse(422, 'Unknown parameters');
    const found = log
      .filter(({ time }) => time >= Date.parse(from) && time <= Date.parse(until))
      .filter(({ text }) => include === 'all' || (include === 'git') === text.includes('"git.'))
      .filter(({ text }) => more === undefined || text.includes(`"${more.split(':')[1] ?? ''}"`))
      .toSorted((a, b) => a.time - b.time);
    const begin = Number(after.split('|')[1] ?? 0);
    const end = begin + Number(size);
    if (end < found.length) {
      const next = new URL('/organizations/1/audit-log', url);
      next.search = url.search;
      next.searchParams.set('after', `MS42|${end}`);
      next.searchParams.set('before', '');
      response.setHeader('Link', `<${next.href}>; rel="next", <${vendor.origin}${target}>; rel="first"`);
    }
    sendJson(
      response,
      200,
      `[${found
        .slice(begin, end)
        .map(({ text }) => text)
        .join(',')}]`,
    );
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(...texts: readonly string[]) {
      for (const text of texts) log.push({ text, time: (JSON.parse(text) as Entry)['@timestamp'] });
    },
  });
}
