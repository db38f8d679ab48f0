/** The real HTTP client, as a sink gets it. */
import type { Http } from '../../src/core/tools.ts';
import { openClient } from './http-client.ts';

export function openSinkHttp(base: string): Http {
  return openClient(base, { role: 'sink' });
}
