/**
 * Sysdig Secure: what its three logs have in common (the vendor's OpenAPI document, "Sysdig Platform API").
 *
 * Times are nanoseconds since 1970, windows are two weeks at most, pages come newest first. A cursor carries its window
 * with it: `from` and `to` beside it are an error.
 */
import type { SourceDefinition } from '../core/definition.ts';

/** "SaaS Regions and IP Ranges" in the vendor's documentation. */
const regions = {
  us1: 'https://secure.sysdig.com',
  us2: 'https://us2.app.sysdig.com',
  us3: 'https://app.us3.sysdig.com',
  us4: 'https://app.us4.sysdig.com',
  eu1: 'https://eu1.app.sysdig.com',
  eu2: 'https://app.eu2.sysdig.com',
  au1: 'https://app.au1.sysdig.com',
  in1: 'https://app.in1.sysdig.com',
  jp1: 'https://app.jp1.sysdig.com',
  me2: 'https://app.me2.sysdig.com',
};

const hosts = Object.entries(regions).map(([region, address]) => `${region} is ${address.replace('https://', '')}`);

interface Log extends Pick<SourceDefinition, 'name' | 'summary' | 'query' | 'categories'> {
  readonly path: string;
  /** Records in one page: the most that the vendor gives. */
  readonly page: number;
  /** Parameters that only this log has. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The definition of one of the three. */
export function sysdig({ path, page, parameters, ...log }: Log): SourceDefinition {
  const everyPage = { filter: '{filter}', limit: '{limit}', ...parameters };
  return {
    ...log,
    settings: {
      SYSDIG_URL: {
        summary: 'Address of Sysdig Secure.',
        kind: 'url',
        unless: 'SYSDIG_REGION',
      },
      SYSDIG_REGION: {
        summary: `Region of the SaaS, instead of SYSDIG_URL: ${hosts.join(', ')}.`,
        values: Object.keys(regions),
      },
      SYSDIG_TOKEN: { summary: 'API token of a user or service account.', required: true, secret: true },
      SYSDIG_FILTER: {
        summary: "A filter in Sysdig's language, sent as it is; --raw-query replaces it.",
      },
    },
    url: ['{SYSDIG_URL}', { setting: 'SYSDIG_REGION', texts: regions }],
    // Two jobs that read different parts of one log must not share a position.
    scope: '{SYSDIG_FILTER}',
    variables: {
      // A comparison at the end can only leave in too much, however the filter before it combines `and` with `or`; what
      // is too much is left out here, by `query.keys.*.path`.
      filter: ['{rawQuery} and {query}', '{rawQuery}', '{SYSDIG_FILTER} and {query}', '{SYSDIG_FILTER}', '{query}'],
    },
    auth: { type: 'headers', headers: { Authorization: 'Bearer {SYSDIG_TOKEN}' } },
    request: { path, query: { from: '{from}', to: '{until}', ...everyPage } },
    paging: {
      type: 'cursor',
      path: 'page.next', // "if this value is unset, then there are no events after the last event"
      stop: ['missing'],
      request: { path, query: { cursor: '{cursor}', ...everyPage } },
    },
    // Whether it goes by the event or by its arrival is not documented: what holds for arrival holds for both.
    window: { filter: 'ingestion', overlap: '5m', longest: '14d', time: 'epoch-ns' },
    records: {
      path: 'data',
      missing: 'null',
      id: { paths: ['id'] },
      time: { path: 'timestamp', format: 'epoch-ns' },
      volatile: ['cursor'], // leads to what surrounds the record
      // How many match the search. Whether later pages say how many are left is not documented: the first one counts.
      total: 'page.total',
    },
    reply: {
      // An error has `type` and `message`, which no other reply has.
      errors: ['error', 'errors', 'type', 'message'],
      limited: [{ path: 'type', equals: 'too_many_requests' }],
      unavailable: [{ path: 'type', equals: 'internal_server_error' }],
    },
    limits: { page, most: page, rate: { header: 'X-RateLimit-Limit', per: '1m' } },
  };
}
