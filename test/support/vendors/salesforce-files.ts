/**
 * Plays the event log files of an org of Salesforce: a SOQL query lists them by when they were made, each is fetched as CSV.
 * A later page of the list is good in the session that the query was sent in.
 */
import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants } from './token-grants.ts';

export interface LogFile {
  readonly type: string;
  /** When it was made, in milliseconds. */
  readonly made: number;
  readonly interval?: 'Hourly' | 'Daily';
  /** Its lines, the names of its columns first. */
  readonly lines: readonly string[];
  /** It was deleted after it was listed. */
  readonly deleted?: boolean;
}

export interface SalesforceFiles extends Vendor {
  readonly grants: TokenGrants;
  readonly files: LogFile[];
}

const root = '/services/data/v62.0';
const ended = ['INVALID_SESSION_ID', 'Session expired or invalid'] as const;
const soql =
  /^SELECT Id FROM EventLogFile WHERE CreatedDate >= (\S+) AND CreatedDate < (\S+)(?: AND Interval = '(\w+)')?(?: AND \(EventType IN \('(\w+)'\)\))? ORDER BY CreatedDate$/;

/** `perPage`: files in a page of the list. */
export async function startSalesforceFiles(
  options: ServerOptions & { readonly perPage?: number } = {},
): Promise<SalesforceFiles> {
  const { perPage = 2 } = options;
  const files: LogFile[] = [];
  const grants = tokenGrants(
    ({ form }) =>
      form['client_id'] === 'client' && form['client_secret'] === 'secret'
        ? undefined
        : { status: 400, error: 'invalid_client', description: 'invalid client credentials' },
    { token_type: 'Bearer' },
  );

  function answer(request: LoggedRequest, response: ServerResponse): void {
    if (request.target === '/services/oauth2/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, ...ended);
    const { pathname, searchParams } = new URL(request.target, vendor.origin);
    const [, number] = new RegExp(`^${root}/sobjects/EventLogFile/0ATXx(\\d+)EAA/LogFile$`).exec(pathname) ?? [];
    if (number !== undefined) return fetched(files[Number(number)], response);
    const [, query, sent, begin] = new RegExp(`^${root}/query(?:/01g(\\w+)-(\\w+)-(\\d+))?$`).exec(pathname) ?? [];
    const session = Buffer.from(request.headers.authorization?.toString() ?? '').toString('hex');
    if (sent !== undefined && sent !== session) return failure(response, 401, ...ended);
    const text = query === undefined ? (searchParams.get('q') ?? '') : Buffer.from(query, 'hex').toString();
    const found = soql.exec(text);
    if (found === null) return failure(response, 400, 'MALFORMED_QUERY', 'unexpected token');
    const [, from = '', until = '', interval = 'Daily', type] = found;
    const ids = files.flatMap((file, index) => {
      const isMade = file.made >= Date.parse(from) && file.made < Date.parse(until);
      const isWanted = (file.interval ?? 'Hourly') === interval && (type === undefined || file.type === type);
      return isMade && isWanted ? [`0ATXx${index}EAA`] : [];
    });
    const end = Number(begin ?? 0) + perPage;
    const next = `${root}/query/01g${Buffer.from(text).toString('hex')}-${session}-${end}`;
    const more = end < ids.length ? { done: false, nextRecordsUrl: next } : { done: true };
    const records = ids.slice(Number(begin ?? 0), end).map((Id) => ({
      attributes: { type: 'EventLogFile', url: `${root}/sobjects/EventLogFile/${Id}` },
      Id,
    }));
    sendJson(response, 200, JSON.stringify({ totalSize: ids.length, ...more, records }));
  }

  function fetched(file: LogFile | undefined, response: ServerResponse): void {
    if (file === undefined || file.deleted === true) {
      return failure(response, 404, 'NOT_FOUND', 'The requested resource does not exist');
    }
    response.writeHead(200, { 'Content-Type': 'text/csv' });
    response.end(`${file.lines.join('\n')}\n`);
  }

  const vendor = await serve(options, answer);
  return Object.assign(vendor, { grants, files });
}

function failure(response: ServerResponse, status: number, errorCode: string, message: string): void {
  sendJson(response, status, JSON.stringify([{ message, errorCode }]));
}
