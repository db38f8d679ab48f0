/** A definition of a vendor of pears, and the vendor with replies that the test gives. */
import { parseDefinition, type SourceDefinition } from '../../src/core/definition.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import { pullOnce } from './source-tools.ts';
import { sendJson, serve, type LoggedRequest, type Vendor } from './vendors/server.ts';

const settings: SourceDefinition['settings'] = {
  PEAR_URL: { summary: 'Address.', kind: 'url' },
  PEAR_TOKEN: { summary: 'Token.', secret: true },
};

/** Its pages are of one list, by a cursor; its times in nanoseconds. */
export const pear: SourceDefinition = {
  name: 'pear',
  summary: 'Pears.',
  settings,
  url: '{PEAR_URL}/v1',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {PEAR_TOKEN}' } },
  request: { path: '/log', query: { from: '{from}', until: '{until}', cursor: '{cursor}' } },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'event', time: 'epoch-ns' },
  records: { path: 'data', id: { paths: ['id'] } },
};

/** A window that begins and ends between two milliseconds. */
export const slice = { from: 1_606_322_948_648_718_268n, until: 1_606_322_949_000_000_001n };

type PearReply = string | { readonly text: string; readonly headers: Record<string, string> };

/** A vendor that answers with these replies, one after the other; the last one for ever. */
export async function vendor(...replies: readonly PearReply[]): Promise<Vendor> {
  let at = 0;
  return serve({}, (_, response) => {
    const reply = replies[Math.min(at++, replies.length - 1)] ?? '';
    if (typeof reply === 'string') sendJson(response, 200, reply);
    else sendJson(response, 200, reply.text, reply.headers);
  });
}

export function valuesFor({ origin }: Vendor): SettingValues {
  return { PEAR_URL: origin, PEAR_TOKEN: 'secret' };
}

/** The requests that a definition makes of a vendor with these replies. */
export async function requestsOf(
  change: Partial<SourceDefinition>,
  replies: readonly PearReply[],
  more: Parameters<typeof pullOnce>[2] = {},
): Promise<readonly LoggedRequest[]> {
  const server = await vendor(...replies);
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...pear, ...change })), 'pear.yaml');
  try {
    await pullOnce(definition, valuesFor(server), { part: { slice }, ...more });
  } finally {
    await server.close();
  }
  return server.requests;
}

/** Two pages. */
export const two = ['{"data":[{"id":1}],"next":"c/1"}', '{"data":[{"id":2}]}'] as const;
