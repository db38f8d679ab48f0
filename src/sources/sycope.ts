/**
 * Sycope, audit log by NQL (the vendor's published scripts: SycopeSolutions/API and SycopeSolutions/Integrations).
 *
 * A login sets a cookie; `pipeline/run` starts a query and names a job; its rows come by offset. Success is told in the
 * body. The NQL name of the audit stream is published nowhere: SYCOPE_STREAM has to be checked on the appliance.
 */
import type { SourceDefinition } from '../core/definition.ts';

export const sycope: SourceDefinition = {
  name: 'sycope',
  summary: 'Sycope audit log, read by an NQL query with a login of its own.',
  settings: {
    SYCOPE_URL: {
      summary: 'Address of the appliance, for example https://sycope.example.',
      kind: 'url',
      required: true,
    },
    SYCOPE_USERNAME: { summary: 'A local user that may read the audit stream and nothing else.', required: true },
    SYCOPE_PASSWORD: { summary: 'Password of that user.', required: true, secret: true },
    SYCOPE_STREAM: {
      summary: 'NQL name of the audit stream; not published by the vendor, so check it on the appliance.',
      default: 'auditLog',
    },
    SYCOPE_API_PREFIX: {
      summary: 'Path of the API on the appliance; empty where it has none.',
      default: '/npm/api/v1',
      mayBeEmpty: true,
    },
    SYCOPE_TIME_FORMAT: {
      // The vendor's article of 2023 speaks of epoch values and does not say of which unit.
      summary:
        'How the window is written: at-iso for Sycope 3 (@2026-11-20T09:00:00.000Z), epoch-ms or epoch-s for older ones.',
      default: 'at-iso',
      values: ['at-iso', 'epoch-ms', 'epoch-s'],
    },
    SYCOPE_NQL: {
      summary: 'A whole NQL query instead of the one made from SYCOPE_STREAM; its rows need id and timestamp.',
    },
  },
  url: '{SYCOPE_URL}/{SYCOPE_API_PREFIX}',
  scope: '{SYCOPE_STREAM} {SYCOPE_NQL}',
  variables: {
    nql: [
      '{SYCOPE_NQL} | {query} | {rawQuery}',
      '{SYCOPE_NQL} | {query}',
      '{SYCOPE_NQL} | {rawQuery}',
      '{SYCOPE_NQL}',
      'src stream="{SYCOPE_STREAM}" | {query} | {rawQuery} | sort timestamp asc',
      'src stream="{SYCOPE_STREAM}" | {query} | sort timestamp asc',
      'src stream="{SYCOPE_STREAM}" | {rawQuery} | sort timestamp asc',
      'src stream="{SYCOPE_STREAM}" | sort timestamp asc',
    ],
  },
  auth: {
    type: 'session',
    login: {
      method: 'POST',
      path: '/login',
      json: { username: '{SYCOPE_USERNAME}', password: '{SYCOPE_PASSWORD}' },
    },
    success: { path: 'status', equals: 200 },
    logout: { path: '/logout' },
  },
  job: {
    request: {
      method: 'POST',
      path: '/pipeline/run',
      json: {
        startTime: '{from}',
        endTime: '{until}',
        nql: '{nql}',
        fsActive: false,
        waitTime: 30_000, // milliseconds that the appliance lets the query run before it answers
        limit: '{limit}',
      },
    },
    id: 'jobId',
    total: 'data.total',
  },
  request: { method: 'POST', path: '/pipeline/{job}/data', json: { limit: '{limit}', offset: '{offset}' } },
  paging: { type: 'offset', stop: ['short-page'] },
  window: {
    // Whether it goes by the event or by its arrival is not documented: what holds for arrival holds for both.
    filter: 'ingestion',
    slice: '1d',
    time: {
      setting: 'SYCOPE_TIME_FORMAT',
      formats: { 'at-iso': { format: 'iso-ms', prefix: '@' }, 'epoch-ms': 'epoch-ms', 'epoch-s': 'epoch-s' },
    },
  },
  records: { path: 'data', missing: 'null', id: { paths: ['id'] }, time: { path: 'timestamp', format: 'epoch-ms' } },
  reply: {
    success: { path: 'status', equals: 200, optional: true },
    expired: { path: 'status', equals: 401 },
  },
  limits: { page: 10_000, most: 50_000 },
  // Any column can be compared; `user="7"` and `user=7` differ there, so that values like numbers are sent as such.
  query: { keys: {}, compare: '{field} = {value}', and: ' and ', open: true, numbers: 'bare' },
};
