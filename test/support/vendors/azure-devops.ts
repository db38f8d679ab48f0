/**
 * Plays the audit log of Azure DevOps: a token of Entra ID for Azure DevOps itself, newest first, and a token for what
 * follows on every page that has events, also where nothing does. Neither end belongs to the window. Events are at the top of a
 * reply, as in the connector for Sentinel (AzureDevOpsAuditLogs_PollingConfig.json of Azure/Azure-Sentinel).
 */
import type { ServerResponse } from 'node:http';
import { cursorOf, onlyParameters, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { refusalOfMicrosoft, tokenGrants, type TokenGrants } from './token-grants.ts';

export interface AzureDevOps extends Vendor {
  readonly grants: TokenGrants;
  add(...texts: readonly string[]): void;
}

const parameters = ['startTime', 'endTime', 'batchSize', 'continuationToken', 'skipAggregation', 'api-version'];

export async function startAzureDevOps(options: ServerOptions = {}): Promise<AzureDevOps> {
  const log = recordLog(/"timestamp":"([^"]+)"/);
  const grants = tokenGrants((request) => refusalOfMicrosoft(request, '499b84ac-1321-427f-aa17-267ca6975798/.default'));

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target } = request;
    const { pathname, searchParams } = new URL(target, 'http://azure');
    if (target === '/tenant-1/oauth2/v2.0/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'TF400813: The user is not authorized.');
    if (method !== 'GET' || pathname !== '/fabrikam/_apis/audit/auditlog') {
      return failure(response, 404, 'Page not found.');
    }
    try {
      onlyParameters(searchParams, parameters);
      if (searchParams.get('api-version') !== '7.1-preview.1') throw new Error('VssVersionNotSpecifiedException');
      sendJson(response, 200, page(searchParams));
    } catch (error) {
      failure(response, 400, error instanceof Error ? error.message : String(error));
    }
  }

  function page(query: URLSearchParams): string {
    const size = pageSize('batchSize', query.get('batchSize'), 200, 1000);
    const found = log
      .between(rfc3339('startTime', query.get('startTime')) + 1, rfc3339('endTime', query.get('endTime')))
      .toReversed();
    const asked = [...query].filter(([name]) => name !== 'continuationToken').join();
    const skip = skipped(query.get('continuationToken'), asked);
    const texts = found.slice(skip, skip + size);
    const next = texts.length === 0 ? 'null' : `"${cursorOf(skip + texts.length, asked)}"`;
    const hasMore = skip + texts.length < found.length;
    return `{"decoratedAuditLogEntries":[${texts.join(',')}],"continuationToken":${next},"hasMore":${hasMore}}`;
  }

  return Object.assign(await serve(options, answer), { add: log.add, grants });
}

function failure(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, JSON.stringify({ $id: '1', innerException: null, message, errorCode: 0 }));
}
