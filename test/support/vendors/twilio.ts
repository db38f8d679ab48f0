/** Plays Twilio's Monitor events: Basic authentication, both bounds inclusive, newest first, whole addresses of next pages. */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Twilio extends Vendor {
  add(...texts: readonly string[]): void;
}

const filters = {
  EventType: 'event_type',
  ActorSid: 'actor_sid',
  ResourceSid: 'resource_sid',
  SourceIpAddress: 'source_ip_address',
};
const parameters = [...Object.keys(filters), 'StartDate', 'EndDate', 'PageSize', 'Page', 'PageToken'];

export async function startTwilio(options: ServerOptions = {}): Promise<Twilio> {
  const log = recordLog(/"event_date":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const url = new URL(target, vendor.origin);
    const pair = Buffer.from(String(headers.authorization).replace('Basic ', ''), 'base64').toString();
    if (!['AC01:token', 'SK02:secret'].includes(pair)) return failure(response, 401, 20_003, 'Authenticate');
    if (method !== 'GET' || url.pathname !== '/v1/Events') return failure(response, 404, 20_404, 'Not found');
    try {
      onlyParameters(url.searchParams, parameters);
      sendJson(response, 200, page(url));
    } catch (error) {
      failure(response, 400, 20_001, error instanceof Error ? error.message : String(error));
    }
  }

  function page(url: URL): string {
    const { searchParams: query } = url;
    const size = pageSize('PageSize', query.get('PageSize'), 50, 1000);
    const found = log
      .between(rfc3339('StartDate', query.get('StartDate')), rfc3339('EndDate', query.get('EndDate')) + 1)
      .filter((text) => {
        const event = JSON.parse(text) as Record<string, unknown>;
        return Object.entries(filters).every(([name, member]) => [null, event[member]].includes(query.get(name)));
      })
      .toReversed();
    const asked = [...query].filter(([name]) => !name.startsWith('Page')).join();
    const skip = skipped(query.get('PageToken'), asked);
    const next = new URL(url);
    next.searchParams.set('Page', String(Number(query.get('Page')) + 1));
    next.searchParams.set('PageToken', cursorOf(skip + size, asked));
    const address = skip + size < found.length ? next.href : null;
    const meta = { page: Number(query.get('Page')), page_size: size, next_page_url: address, key: 'events' };
    return `{"events":[${found.slice(skip, skip + size).join(',')}],"meta":${JSON.stringify(meta)}}`;
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { add: log.add });
}

function failure(response: ServerResponse, status: number, code: number, message: string): void {
  const more = `https://www.twilio.com/docs/errors/${code}`;
  sendJson(response, status, JSON.stringify({ code, message, more_info: more, status }));
}
