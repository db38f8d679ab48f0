/** The ways in which Sekoia.io's intake takes its key. */
import { exit, Problem } from '../../problem.ts';
import { basicHeader } from '../../text/basic-header.ts';
import type { SekoiaEndpoint } from './form.ts';

/** The key as headers or query. Throws Problem 78 where the endpoint does not take it in that way. */
export function keyAs(
  way: string | undefined,
  endpoint: SekoiaEndpoint,
  inBody: boolean,
  key: string,
): { readonly headers: Readonly<Record<string, string>>; readonly query: string } {
  if (way !== undefined && inBody !== (way === 'body')) {
    throw new Problem(exit.config, `SEKOIA_ENDPOINT ${endpoint} does not take the key as ${way}`, {
      hint: inBody ? 'leave SEKOIA_KEY_AS out, or set it to body' : 'set SEKOIA_KEY_AS to header, basic or query',
    });
  }
  if (inBody) return { headers: {}, query: '' };
  if (way === 'query') return { headers: {}, query: `?${new URLSearchParams({ intake_key: key }).toString()}` };
  if (way === 'basic') return { headers: { authorization: basicHeader('', key) }, query: '' };
  return { headers: { 'x-sekoiaio-intake-key': key }, query: '' };
}
