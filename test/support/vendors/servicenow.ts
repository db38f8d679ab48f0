/**
 * Plays a table of ServiceNow: an encoded query, times of whole seconds in UTC, the Link header where there are several
 * pages, and rules that take rows from a page after it was cut.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { onlyParameters, pageSize } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface ServiceNow extends Vendor {
  add(...texts: readonly string[]): void;
}

export interface ServiceNowOptions extends ServerOptions {
  /** Rows that have this text are hidden. */
  readonly hidden?: string;
}

interface Row {
  readonly sys_id: string;
  readonly sys_created_on: string;
}

const moment = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
const encoded = new RegExp(
  `^sys_created_on>=(${moment})\\^sys_created_on<(${moment})\\^ORDERBYsys_created_on\\^ORDERBYsys_id$`,
);
const parameters = ['sysparm_query', 'sysparm_exclude_reference_link', 'sysparm_limit', 'sysparm_offset'];

export async function startServiceNow({ hidden, ...options }: ServiceNowOptions = {}): Promise<ServiceNow> {
  const log: { readonly row: Row; readonly text: string }[] = [];
  const credentials = `Basic ${Buffer.from('auditor:password').toString('base64')}`;

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    if (headers.authorization !== credentials) return failure(response, 401, 'User is not authenticated');
    if (method !== 'GET' || !url.pathname.startsWith('/api/now/table/'))
      return failure(response, 404, 'No Record found');
    if (url.pathname !== '/api/now/table/sys_audit') return failure(response, 400, 'Invalid table');
    try {
      onlyParameters(url.searchParams, parameters);
      page(url, response);
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(url: URL, response: ServerResponse): void {
    const asked = url.searchParams;
    const [, from = '', until = ''] = encoded.exec(asked.get('sysparm_query') ?? '') ?? [];
    if (from === '') throw new Error('Invalid query');
    const size = pageSize('sysparm_limit', asked.get('sysparm_limit'), 10_000, 10_000);
    const offset = Number(asked.get('sysparm_offset') ?? 0);
    // Texts of one length: their order is that of the times.
    const key = ({ row }: (typeof log)[number]): string => `${row.sys_created_on} ${row.sys_id}`;
    const found = log
      .filter(({ row }) => row.sys_created_on >= from && row.sys_created_on < until)
      .toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    const shown = found
      .slice(offset, offset + size)
      .filter(({ text }) => hidden === undefined || !text.includes(hidden));
    const link = (relation: string, at: number): string => {
      const to = new URL(url);
      to.searchParams.set('sysparm_offset', String(at));
      return `<${to.href}>;rel="${relation}"`;
    };
    const links = [
      link('first', 0),
      ...(offset > 0 ? [link('prev', offset - size)] : []),
      ...(offset + size < found.length ? [link('next', offset + size)] : []),
      link('last', Math.max(0, Math.ceil(found.length / size) - 1) * size),
    ];
    const headers = { 'X-Total-Count': String(found.length), ...(found.length > size && { Link: links.join() }) };
    sendJson(response, 200, `{"result":[${shown.map(({ text }) => text).join(',')}]}`, headers);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, {
    add(...texts: readonly string[]) {
      log.push(...texts.map((text) => ({ text, row: JSON.parse(text) as Row })));
    },
  });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ error: { message, detail: 'made up' }, status: 'failure' }));
}
