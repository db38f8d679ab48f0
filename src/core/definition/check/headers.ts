/** Headers of a definition: whether their names and the fixed parts of their values can be sent. */
import { isHeaderName, isHeaderValue } from '../../text/header-text.ts';

/** Headers that only the HTTP client can know. */
const ofConnection = /^(?:connection|content-length|expect|keep-alive|transfer-encoding|upgrade)$/i;

/** Parts whose members the vendor names: one of them may be called `headers`. */
const theirs = new Set(['query', 'json', 'form', 'body', 'claims']);

/** What is wrong with any `headers` inside a part of a definition, as sentences that begin with the place. */
export function* headerProblems(at: string, part: unknown): Generator<string> {
  if (typeof part !== 'object' || part === null) return;
  for (const [key, member] of Object.entries(part) as [string, unknown][]) {
    const place = at === '' ? key : `${at}.${key}`;
    if (key !== 'headers') {
      if (!theirs.has(key)) yield* headerProblems(place, member);
      continue;
    }
    for (const [name, value] of Object.entries((member ?? {}) as Readonly<Record<string, string>>)) {
      if (!isHeaderName(name)) {
        yield `${place}.${JSON.stringify(name)}: expected the name of a header such as X-Tenant`;
      }
      if (ofConnection.test(name)) yield `${place}.${name}: belongs to the connection, leave it out`;
      if (!isHeaderValue(value)) yield `${place}.${name}: its value has characters that headers cannot carry`;
    }
  }
}
