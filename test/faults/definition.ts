/** The made-up vendor of the fault catalogue, as a user would describe it in a file. */
import type { SourceDefinition } from '../../src/core/definition.ts';

export type Definition = SourceDefinition;

/** Pages with a cursor under a filter by event time, of each branch if there are any; an API key in a header, or a session. */
export function baseDefinition(session: boolean, branches: readonly string[] = []): Definition {
  const asked = { from: '{from}', until: '{until}', size: '{limit}' };
  const query = branches.length > 0 ? { ...asked, branch: '{branch}' } : asked;
  return {
    name: 'acme',
    summary: 'The audit trail of Acme.',
    settings: {
      ACME_URL: { summary: 'Address of Acme.', kind: 'url', required: true },
      ...(session
        ? {
            ACME_USERNAME: { summary: 'User.', required: true },
            ACME_PASSWORD: { summary: 'Password.', secret: true, required: true },
          }
        : { ACME_TOKEN: { summary: 'API key.', secret: true, required: true } }),
    },
    url: '{ACME_URL}',
    auth: session
      ? {
          type: 'session',
          login: {
            method: 'POST',
            path: '/login',
            json: { username: '{ACME_USERNAME}', password: '{ACME_PASSWORD}' },
          },
          logout: { method: 'POST', path: '/logout' },
        }
      : { type: 'headers', headers: { 'X-Api-Key': '{ACME_TOKEN}' } },
    ...(branches.length > 0 && { branches: { values: [...branches] } }),
    request: { path: '/audit', query },
    paging: { type: 'cursor', path: 'next', request: { path: '/audit', query: { ...query, cursor: '{cursor}' } } },
    window: { filter: 'event', time: 'iso-ms', overlap: '10m', firstRun: '1h' },
    records: { path: 'records', id: { paths: ['id'] }, time: { path: 'time', format: 'iso' } },
    limits: { page: 2 },
  };
}
