/**
 * Plays a Bitwarden server: a token from its identity service, events of 367 days at most, newest first, fifty on a page,
 * with a token for the next page, which goes with the same window. In the cloud a page may be empty although others follow.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface Bitwarden extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

export interface BitwardenOptions extends ServerOptions {
  /** Where the two services are: below paths of one host when self-hosted, on hosts of their own in the cloud. */
  readonly paths?: { readonly api: string; readonly identity: string };
  /** The first page is empty. */
  readonly emptyFirst?: boolean;
}

const size = 50;
const longest = 367 * 86_400_000;

export async function startBitwarden(options: BitwardenOptions = {}): Promise<Bitwarden> {
  const { paths = { api: '/api', identity: '/identity' }, emptyFirst = false } = options;
  const log = recordLog(/"date":"([^"]+)"/);
  const grants = tokenGrants(({ form }) => {
    if (form['grant_type'] !== 'client_credentials') return 'unsupported_grant_type';
    if (form['scope'] !== 'api.organization') return 'invalid_scope';
    const right = form['client_id'] === 'organization.1' && form['client_secret'] === 'secret';
    return right ? undefined : 'invalid_client';
  });

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.target, 'http://bitwarden');
    if (pathname === `${paths.identity}/connect/token`) return grants.answer(request, response);
    if (pathname !== `${paths.api}/public/events` || request.method !== 'GET')
      return failure(response, 404, 'Not found');
    if (!grants.opens(request)) return void response.writeHead(401).end();
    try {
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    onlyParameters(query, ['start', 'end', 'actingUserId', 'itemId', 'continuationToken']);
    const [from, until] = [rfc3339('start', query.get('start')), rfc3339('end', query.get('end'))];
    if (until - from > longest) throw new Error('Date range must be < 367 days.');
    const [actingUser, item] = [query.get('actingUserId'), query.get('itemId')];
    const filter = actingUser === null ? item && `"itemId":"${item}"` : `"actingUserId":"${actingUser}"`;
    const found = log
      .between(from, until + 1)
      .filter((text) => text.includes(filter ?? ''))
      .toReversed();
    const asked = `${from} ${until} ${filter}`;
    const token = query.get('continuationToken');
    const skip = skipped(token?.replace('1!48!', '') ?? null, asked);
    const taken = emptyFirst && token === null ? 0 : size;
    const records = found.slice(skip, skip + taken);
    const next = skip + taken < found.length ? `"1!48!${cursorOf(skip + taken, asked)}"` : 'null';
    return `{"object":"list","data":[${records.join(',')}],"continuationToken":${next}}`;
  }

  return Object.assign(await serve(options, answer), { grants, add: log.add });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ object: 'error', message, errors: null }));
}
