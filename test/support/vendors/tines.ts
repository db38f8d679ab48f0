/** Plays Tines's audit logs: whole seconds, both bounds exclusive, numbered pages that shift when something is logged. */
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Tines extends Vendor {
  add(...texts: string[]): void;
}

interface Log {
  readonly id: number;
  readonly created_at: string;
  readonly operation_name: string;
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const known = ['after', 'before', 'per_page', 'page', 'operation_name[]', 'user_id[]'];

export async function startTines(options: ServerOptions = {}): Promise<Tines> {
  const stored: { readonly text: string; readonly log: Log }[] = [];
  const vendor = await serve(options, ({ target, headers, method }, response) => {
    const url = new URL(target, vendor.origin);
    const query = url.searchParams;
    if (headers.authorization !== 'Bearer token') return refuse(response, 401, 'Unauthorized');
    if (method !== 'GET' || url.pathname !== '/api/v1/audit_logs') return refuse(response, 404, 'Not found');
    const size = Number(query.get('per_page') ?? 20);
    const page = Number(query.get('page') ?? 1);
    const [after = '', before = ''] = ['after', 'before'].map((name) => query.get(name) ?? undefined);
    const odd = [...query.keys()].some((name) => !known.includes(name));
    if (odd || !(size >= 1 && size <= 500) || ![after, before].every((text) => time.test(text)))
      return refuse(response, 400, 'Bad request');
    const names = query.getAll('operation_name[]');
    const found = stored
      .filter(({ log }) => log.created_at > after && log.created_at < before)
      .filter(({ log }) => names.length === 0 || names.includes(log.operation_name))
      .toSorted((a, b) => b.log.created_at.localeCompare(a.log.created_at) || b.log.id - a.log.id);
    const texts = found.slice((page - 1) * size, page * size).map(({ text }) => text);
    const pages = Math.ceil(found.length / size);
    const meta = { next_page_number: page < pages ? page + 1 : null, per_page: size, pages, count: found.length };
    sendJson(response, 200, `{"audit_logs":[${texts.join(',')}],"meta":${JSON.stringify(meta)}}`);
  });
  return Object.assign(vendor, {
    add(...texts: string[]) {
      for (const text of texts) stored.push({ text, log: JSON.parse(text) as Log });
    },
  });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ error: message }));
}
