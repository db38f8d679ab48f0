/**
 * Cirrus Identity, Log API v1 (the vendor's OpenAPI document, version 1.0.3, and "Getting started with Log API").
 *
 * There is no time filter: without a token the API begins one hour before now, with one it goes on after it. So the
 * position is the token, which orders by arrival, and `--since` only leaves out what came before. Records have no ID.
 */
import type { SourceDefinition } from '../core/definition.ts';

export const cirrus: SourceDefinition = {
  name: 'cirrus',
  summary:
    'Cirrus Identity Log API: goes on after the last record read; without a position its API gives the last hour, and --since and --until only narrow that down.',
  settings: {
    CIRRUS_URL: {
      summary: 'Address of the Log API.',
      kind: 'url',
      default: 'https://api.cirrusidentity.com/logs/v1',
      flag: 'apiurl',
    },
    CIRRUS_API_KEY: {
      summary: 'API key, from the Cirrus Console.',
      required: true,
      secret: true,
      aliases: ['API_KEY'],
      flag: 'apikey',
    },
    CIRRUS_API_SECRET: {
      summary: 'Secret of the API key.',
      required: true,
      secret: true,
      aliases: ['API_SECRET'],
      flag: 'apisecret',
    },
    CIRRUS_ORG_URL: {
      summary:
        'Organization URL exactly as in the Cirrus Console, a slash at its end included; several separated by spaces. All that the key may read when not set.',
      flag: 'orgurl',
    },
  },
  url: '{CIRRUS_URL}',
  auth: { type: 'basic', username: '{CIRRUS_API_KEY}', password: '{CIRRUS_API_SECRET}' },
  branches: {
    setting: 'CIRRUS_ORG_URL',
    fetch: { request: { path: '/orgUrls' }, path: 'orgUrls', paging: { type: 'none' } },
  },
  request: { path: '/orgLogs', query: { orgUrl: '{branch}', nextToken: '{cursor}', limit: '{limit}' } },
  paging: {
    type: 'cursor',
    path: 'nextToken',
    bookmark: true,
    stop: ['short-page', 'unchanged'],
    invalid: [400, 404, 410, 422],
  },
  // Without a token its API begins an hour back: what a lost token leaves unread before that is a gap.
  window: { filter: 'none', overlap: '1h', firstRun: '1h', retention: '90d' },
  records: {
    path: 'logEvents',
    id: { content: true },
    time: { path: 'timeStampISO', format: 'iso' },
    count: 'count',
  },
  reply: {
    errors: ['error', 'errors', 'detail'],
    unavailable: [{ path: 'detail', equals: 'unknown error' }], // with HTTP 500, says the vendor
  },
  limits: { page: 1000, most: 1000 },
  query: {
    keys: {
      tenant: { parameter: 'tenant', path: 'tenant' },
      service: { parameter: 'service', path: 'service' },
      logType: { parameter: 'logType', path: 'logType' },
      logSubtype: { parameter: 'logSubtype', path: 'logSubtype' },
      // The names of the vendor's older SIEM API client.
      metrictype: { parameter: 'logType', path: 'logType' },
      metricsubtype: { parameter: 'logSubtype', path: 'logSubtype' },
      clientip: { path: 'clientIP' },
      correlationid: { path: 'correlationId' },
      user: { path: 'user' },
    },
  },
  categories: { path: 'logType' },
};
