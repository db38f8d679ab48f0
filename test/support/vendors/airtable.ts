/**
 * Plays Airtable's audit log events: by enterprise account, newest first unless asked otherwise, and a cursor to what is
 * newer on every page that has events, also where nothing newer is there yet.
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';

export interface Airtable extends Vendor {
  add(...texts: readonly string[]): void;
}

interface Event {
  readonly action: string;
  readonly modelId: string;
  readonly actor: { readonly user?: { readonly id: string } };
  readonly context: { readonly workspaceId?: string };
}

const parameters = [
  'startTime',
  'endTime',
  'sortOrder',
  'pageSize',
  'next',
  'eventType',
  'originatingUserId',
  'modelId',
];

export async function startAirtable(options: ServerOptions = {}): Promise<Airtable> {
  const log = recordLog(/"timestamp":"([^"]+)"/);

  function answer({ method, target, headers }: LoggedRequest, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(target, 'http://airtable');
    if (headers.authorization !== 'Bearer token') {
      return failure(response, 401, 'AUTHENTICATION_REQUIRED', 'Authentication required');
    }
    if (method !== 'GET' || pathname !== '/v0/meta/enterpriseAccounts/entUBq2RGdihxl3vU/auditLogEvents') {
      return failure(response, 403, 'INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND', 'Invalid permissions');
    }
    try {
      onlyParameters(searchParams, parameters);
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 422, 'INVALID_REQUEST', error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const size = pageSize('pageSize', query.get('pageSize'), 10, 1000);
    const [types, users, models] = ['eventType', 'originatingUserId', 'modelId'].map((name) => query.getAll(name));
    const isWanted = (values: readonly string[] = [], ...found: readonly (string | undefined)[]): boolean =>
      values.length === 0 || found.some((value) => value !== undefined && values.includes(value));
    const events = log
      .between(rfc3339('startTime', query.get('startTime')), rfc3339('endTime', query.get('endTime')))
      .filter((text) => {
        const { action, actor, modelId, context } = JSON.parse(text) as Event;
        return (
          isWanted(types, action) && isWanted(users, actor.user?.id) && isWanted(models, modelId, context.workspaceId)
        );
      });
    const found = query.get('sortOrder') === 'ascending' ? events : events.toReversed();
    const asked = [...query].filter(([name]) => name !== 'next').join();
    const skip = skipped(query.get('next'), asked);
    const texts = found.slice(skip, skip + size);
    const pagination = texts.length === 0 ? '{}' : `{"next":"${cursorOf(skip + texts.length, asked)}"}`;
    return `{"events":[${texts.join(',')}],"pagination":${pagination}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add });
}

function failure(response: ServerResponse, status: number, type: string, message: string): void {
  sendJson(response, status, JSON.stringify({ error: { type, message } }));
}
