/** Requests that are signed one by one, with a keyed hash (HMAC, RFC 2104) of the request and its time. */
import { createHmac } from 'node:crypto';
import type { AuthDefinition } from '../../definition.ts';
import { fromMillis, writeTime } from '../../time.ts';
import { headersOf } from '../request.ts';
import { basicHeader } from '../../text/basic-header.ts';
import { fill, type TemplateValues } from '../../definition/template.ts';
import type { HttpRequest, Tools } from '../../tools.ts';

type Signature = Extract<AuthDefinition, { type: 'signature' }>;

/** Adds the signature to a request that is otherwise complete. The time is that of our own clock. */
export function signer(auth: Signature, values: TemplateValues, tools: Pick<Tools, 'now'>) {
  return (request: HttpRequest): HttpRequest => {
    const url = new URL(request.url);
    const date = writeTime(fromMillis(tools.now()), auth.date);
    const told = {
      ...values,
      date,
      method: request.method,
      host: url.host,
      path: url.pathname,
      parameters: inOrder(url.search.slice(1)),
    };
    const hash = createHmac(auth.algorithm, fill(auth.key, values)).update(fill(auth.text, told));
    const signature = hash.digest(auth.encoding);
    const part = (text: string): string => fill(text, { ...values, signature });
    const basic = auth.basic && basicHeader(part(auth.basic.username), part(auth.basic.password));
    return {
      ...request,
      headers: { ...request.headers, ...headersOf(auth.headers, { ...values, date, signature, basic }) },
    };
  };
}

/** The parameters, encoded as they are sent, by name and then by value. */
function inOrder(query: string): string {
  const parameters = query.split('&').filter((each) => each !== '');
  const pairs = parameters.map((each) => [each.slice(0, each.indexOf('=')), each] as const);
  return pairs
    .toSorted(([a, left], [b, right]) => (a === b ? compare(left, right) : compare(a, b)))
    .map(([, each]) => each)
    .join('&');
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
