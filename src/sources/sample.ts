/**
 * The sample vendor that comes with the program (io/sample/sample-vendor.ts): a loopback server with a login, pages, and
 * new records between runs, read by exactly the code that reads real vendors.
 */
import type { SourceDefinition } from '../core/definition.ts';

export const sample: SourceDefinition = {
  name: 'sample',
  summary:
    'A vendor inside this program, on loopback, to try everything out: a few hundred records, and new ones between runs.',
  settings: {
    SAMPLE_URL: { summary: 'Address of the sample vendor; started when not set.', kind: 'url' },
    SAMPLE_USERNAME: { summary: 'User of the sample vendor.', default: 'auditor' },
    SAMPLE_PASSWORD: { summary: 'Password of the sample vendor.', default: 'sample', secret: true },
  },
  url: '{SAMPLE_URL}/api/v1',
  auth: {
    type: 'session',
    login: {
      method: 'POST',
      path: '/login',
      json: { username: '{SAMPLE_USERNAME}', password: '{SAMPLE_PASSWORD}' },
    },
    success: { path: 'status', equals: 'ok' },
    logout: { method: 'POST', path: '/logout' },
  },
  request: {
    path: '/audit/events',
    query: { from: '{from}', until: '{until}', limit: '{limit}', cursor: '{cursor}' },
  },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'ingestion', time: 'epoch-ms' },
  records: { path: 'events', id: { paths: ['id'] }, time: { path: 'occurred_ns', format: 'epoch-ns' }, total: 'total' },
  limits: { page: 100, most: 500 },
  query: { keys: { action: { parameter: 'action', path: 'action' } } },
};
