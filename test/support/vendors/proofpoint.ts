/**
 * Plays Proofpoint's SIEM API: Basic authentication, GET alone, an interval of between 30 seconds and an hour which begins
 * within the last seven days, and one reply with the events of one kind in no order, beside empty lists of the others.
 */
import type { ServerResponse } from 'node:http';
import { recordLog, rfc3339 } from './record-log.ts';
import { sendJson, serve, type ServerOptions, type Vendor } from './server.ts';

export interface Proofpoint extends Vendor {
  add(...texts: readonly string[]): void;
}

const lists: Readonly<Record<string, string>> = {
  '/v2/siem/messages/delivered': 'messagesDelivered',
  '/v2/siem/messages/blocked': 'messagesBlocked',
  '/v2/siem/clicks/permitted': 'clicksPermitted',
  '/v2/siem/clicks/blocked': 'clicksBlocked',
};
const authorization = `Basic ${Buffer.from('principal:secret').toString('base64')}`;
const second = 1000;

export async function startProofpoint(options: ServerOptions = {}): Promise<Proofpoint> {
  const { now = Date.now } = options;
  const log = recordLog(/"(?:clickTime|messageTime)":"([^"]+)"/);
  const vendor = await serve(options, ({ method, target, headers }, response) => {
    const url = new URL(target, vendor.origin);
    const wanted = lists[url.pathname];
    if (headers.authorization !== authorization) return refuse(response, 401, 'There is no authorization information');
    if (method !== 'GET' || wanted === undefined) return refuse(response, 404, 'Not found');
    if (url.searchParams.get('format') !== 'json') return refuse(response, 400, 'The format is unknown');
    const [from = NaN, until = NaN] = (url.searchParams.get('interval') ?? '')
      .split('/')
      .map((each) => rfc3339('interval', each));
    const length = until - from;
    if (!(length >= 30 * second && length <= 3600 * second)) return refuse(response, 400, 'The interval is invalid');
    if (from < now() - 7 * 24 * 3600 * second) return refuse(response, 400, 'The requested start time is too old');
    const others = Object.values(lists).filter((name) => name !== wanted);
    const found = log.between(from, until);
    const members = [
      `"queryEndTime":"${new Date(until).toISOString()}"`,
      ...others.map((name) => `"${name}":[]`),
      `"${wanted}":[${found.join(',')}]`,
    ];
    sendJson(response, 200, `{${members.join(',')}}`);
  });
  return Object.assign(vendor, { add: (...texts: readonly string[]) => log.add(...texts) });
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(message);
}
