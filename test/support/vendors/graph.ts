/**
 * Plays the reports of Microsoft Graph, after "List directoryAudits" and "List signIns": a token of the tenant, OData
 * parameters, newest first, and pages that lead to the next one by its whole address.
 */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { refusalOfMicrosoft, tokenGrants, type TokenGrants } from './token-grants.ts';

export interface GraphRules {
  /** `/v1.0/auditLogs/signIns` */
  readonly path: string;
  readonly timeField: string;
  readonly most: number;
  /** How times may be compared. Default: ge and le. */
  readonly comparisons?: readonly string[];
}

export interface GraphOptions extends GraphRules, ServerOptions {}

export interface Graph extends Vendor {
  readonly grants: TokenGrants;
  /** Stores records: JSON texts. */
  add(...texts: string[]): void;
}

interface Stored {
  readonly text: string;
  readonly time: number;
  readonly value: Readonly<Record<string, unknown>>;
}

export async function startGraph({ path, timeField, most, comparisons, ...options }: GraphOptions): Promise<Graph> {
  const log: Stored[] = [];
  const grants = tokenGrants((request) => refusalOfMicrosoft(request, `${vendor.origin}/.default`));

  function answer(request: LoggedRequest, response: ServerResponse): void {
    if (request.target === '/tenant-1/oauth2/v2.0/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'InvalidAuthenticationToken', 'Access token is invalid.');
    const url = new URL(request.target, vendor.origin);
    if (url.pathname !== path) return failure(response, 404, 'ResourceNotFound', 'Resource not found for the segment.');
    try {
      page(url, response);
    } catch (error) {
      failure(response, 400, 'BadRequest', error instanceof Error ? error.message : String(error));
    }
  }

  function page(url: URL, response: ServerResponse): void {
    const { searchParams: query } = url;
    const odd = [...query.keys()].find((name) => !['$filter', '$top', '$skiptoken'].includes(name));
    if (odd !== undefined) throw new Error(`Unrecognized query parameter ${odd}`);
    const top = Number(query.get('$top') ?? most);
    if (!(top >= 1 && top <= most)) throw new Error(`Invalid page size specified: '${top}'.`);
    const wanted = filterOf(query.get('$filter') ?? '', timeField, comparisons);
    const found = log.filter(wanted).toSorted((a, b) => b.time - a.time);
    const begin = Number(query.get('$skiptoken') ?? 0);
    const next = new URL(url);
    next.searchParams.set('$skiptoken', String(begin + top));
    const more = begin + top < found.length ? `"@odata.nextLink":${JSON.stringify(next.href)},` : '';
    const shown = found.slice(begin, begin + top).map(({ text }) => text);
    sendJson(
      response,
      200,
      `{"@odata.context":"${vendor.origin}/v1.0/$metadata#auditLogs",${more}"value":[${shown.join(',')}]}`,
    );
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    grants,
    add(...texts: string[]) {
      for (const text of texts) {
        const value = JSON.parse(text) as Record<string, unknown>;
        log.push({ text, time: Date.parse(String(value[timeField])), value });
      }
    },
  });
}

/** `time ge … and time le … and (field eq 'value')`: what the reports can compare, and tests do. */
function filterOf(
  text: string,
  timeField: string,
  comparisons: readonly string[] = ['ge', 'le'],
): (record: Stored) => boolean {
  const tests = text.split(' and ').map((each) => {
    const [, field = '', operator = '', value = ''] =
      /^\(?([\w/]+) (eq|ge|gt|le) ('[^']*'|[\d:TZ-]+)\)?$/.exec(each) ?? [];
    if (field === '') throw new Error('Invalid filter clause');
    if (operator === 'eq') return (record: Stored) => record.value[field] === value.slice(1, -1);
    const bound = Date.parse(value);
    if (field !== timeField || Number.isNaN(bound) || !comparisons.includes(operator))
      throw new Error(`Invalid filter clause: ${field} ${operator}`);
    if (operator === 'gt') return ({ time }: Stored) => time > bound;
    return ({ time }: Stored) => (operator === 'ge' ? time >= bound : time <= bound);
  });
  return (record) => tests.every((each) => each(record));
}

function failure(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, JSON.stringify({ error: { code, message, innerError: { 'request-id': 'r1' } } }));
}
