/** The real HTTP client, as a sink gets it. */
import { openHttp } from '../../src/io/http.ts';
import type { Http } from '../../src/core/types.ts';

export function openSinkHttp(base: string): Http {
  return openHttp(base, { timeout: 5000, now: () => Date.now(), role: 'sink', insecure: false, environment: {} });
}
