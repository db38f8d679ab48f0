/**
 * Plays the Office 365 Management Activity API, after the vendor's reference: what is started is listed by the time at
 * which it became available, in pages that a header leads through, and each part is then fetched from its own address.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { refusalOfMicrosoft, tokenGrants, type TokenGrants } from './token-grants.ts';

export const contentTypes = [
  'Audit.AzureActiveDirectory',
  'Audit.Exchange',
  'Audit.SharePoint',
  'Audit.General',
  'DLP.All',
] as const;

export interface Blob {
  readonly type: string;
  /** When it became available, in milliseconds. */
  readonly created: number;
  /** Records: JSON texts. */
  readonly texts: readonly string[];
  /** It is listed, and answered so. */
  readonly gone?: 'AF20050' | 'AF20051';
}

export interface Microsoft365 extends Vendor {
  readonly grants: TokenGrants;
  readonly blobs: Blob[];
  /** A part that became available a second ago. */
  publish(type: string, texts: readonly string[]): void;
  /** The content types that were started. */
  readonly started: Set<string>;
}

export interface Microsoft365Options extends ServerOptions {
  /** The names in the list of a page. */
  readonly perPage?: number;
}

export const tenant = '41463f53-8812-40f4-890f-865bf6e35190';
const root = `/api/v1.0/${tenant}/activity/feed`;
const hour = 3_600_000;

export async function startMicrosoft365(options: Microsoft365Options = {}): Promise<Microsoft365> {
  const now = options.now ?? Date.now;
  const perPage = options.perPage ?? 2;
  const blobs: Blob[] = [];
  const started = new Set<string>();
  const grants = tokenGrants((request) => refusalOfMicrosoft(request, `${vendor.origin}/.default`));

  function answer(request: LoggedRequest, response: ServerResponse): void {
    if (request.target === `/${tenant}/oauth2/v2.0/token`) return grants.answer(request, response);
    if (!grants.opens(request)) return sendJson(response, 401, '{"Message":"Authorization has been denied."}');
    const { pathname, searchParams: query } = new URL(request.target, vendor.origin);
    if (query.get('PublisherIdentifier') !== tenant) return others(response);
    const blob = blobs[Number(new RegExp(`^${root}/audit/20261120\\$(\\d+)\\$audit$`).exec(pathname)?.[1])];
    if (blob !== undefined) return fetched(blob, response);
    const type = query.get('contentType') ?? '';
    if (!contentTypes.some((each) => each === type)) return failure(response, 'AF20020', 'Not a valid content type.');
    if (pathname === `${root}/subscriptions/start` && request.method === 'POST') return start(type, response);
    if (pathname === `${root}/subscriptions/content`) return list(type, query, response);
    sendJson(response, 404, '{"Message":"No HTTP resource was found."}');
  }

  function start(type: string, response: ServerResponse): void {
    if (started.has(type)) return failure(response, 'AF20024', 'The subscription is already enabled. No change.');
    started.add(type);
    sendJson(response, 200, JSON.stringify({ contentType: type, status: 'enabled', webhook: null }));
  }

  function list(type: string, query: URLSearchParams, response: ServerResponse): void {
    if (!started.has(type)) return failure(response, 'AF20022', 'No subscription found for the content type.');
    const [from, until] = ['startTime', 'endTime'].map((name) => timeOf(query.get(name))) as [number, number];
    if (!(until - from <= 24 * hour && from >= now() - 7 * 24 * hour && from < until)) {
      return failure(response, 'AF20030', 'Start time and end time must both be specified, at most 24 hours apart.');
    }
    const found = blobs
      .map((blob, number) => ({ ...blob, number }))
      .filter((blob) => blob.type === type && blob.created >= from && blob.created < until)
      .toSorted((a, b) => a.created - b.created);
    const begin = Number(query.get('nextPage') ?? 0);
    const shown = found.slice(begin, begin + perPage).map(({ number, created }) => ({
      contentUri: `${vendor.origin}${root}/audit/20261120$${number}$audit`,
      contentId: `20261120$${number}$audit`,
      contentType: type,
      contentCreated: new Date(created).toISOString(),
      contentExpiration: new Date(created + 7 * 24 * hour).toISOString(),
    }));
    query.delete('PublisherIdentifier'); // the reference shows that address without it
    query.set('nextPage', String(begin + perPage));
    const next = `${vendor.origin}${root}/subscriptions/content?${query.toString()}`;
    sendJson(response, 200, JSON.stringify(shown), begin + perPage < found.length ? { NextPageUri: next } : {});
  }

  function fetched({ texts, gone }: Blob, response: ServerResponse): void {
    if (gone !== undefined) return failure(response, gone, 'Content requested with the key has already expired.');
    sendJson(response, 200, `[${texts.join(',\r\n')}]`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    grants,
    blobs,
    started,
    publish: (type: string, texts: readonly string[]) => void blobs.push({ type, created: now() - 1000, texts }),
  });
}

/** One of the forms that the reference allows, with seconds; it has no zone. */
function timeOf(text: string | null): number {
  return text !== null && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
}

/** Who does not say who it is shares one quota with all others who do not, and they have used it up. */
function others(response: ServerResponse): void {
  const message = 'Too many requests. Method=GetBlob, PublisherId=00000000-0000-0000-0000-000000000000';
  failure(response, 'AF429', message, 403);
}

function failure(response: ServerResponse, code: string, message: string, status = 400): void {
  sendJson(response, status, JSON.stringify({ error: { code, message } }));
}
