/**
 * Plays Cloud Logging: tokens for assertions that the key of a service account has signed, entries of one resource at a
 * time, oldest first, with page tokens that belong to a query, and no list where there is nothing.
 */
import { Buffer } from 'node:buffer';
import { generateKeyPairSync, verify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { cursorOf, pageSize, recordLog, rfc3339, skipped } from './record-log.ts';
import { sendJson, serve, type LoggedRequest, type ServerOptions, type Vendor } from './server.ts';
import { tokenGrants, type TokenGrants, type TokenRefusal, type TokenRequest } from './token-grants.ts';

export interface GoogleCloud extends Vendor {
  readonly grants: TokenGrants;
  /** In PEM form. */
  readonly privateKey: string;
  add(...texts: readonly string[]): void;
}

interface Body {
  readonly resourceNames?: readonly string[];
  readonly filter?: string;
  readonly orderBy?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
}

interface Entry {
  readonly logName: string;
  readonly protoPayload: { readonly methodName: string };
}

const members = ['resourceNames', 'filter', 'orderBy', 'pageSize', 'pageToken'];

const language =
  /^timestamp>="([^"]+)" AND timestamp<"([^"]+)" AND \(logName:"cloudaudit\.googleapis\.com"\)(?: AND (.+))?$/;

/** Of every service account that is played in a process: keys take long to make. */
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

export async function startGoogleCloud(options: ServerOptions = {}): Promise<GoogleCloud> {
  const log = recordLog(/"timestamp":"([^"]+)"/);
  const grants = tokenGrants(refusal);

  function refusal({ form }: TokenRequest): TokenRefusal | undefined {
    if (form['grant_type'] !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return { error: 'unsupported_grant_type' };
    const [head = '', body = '', signature = ''] = (form['assertion'] ?? '').split('.');
    const invalid = (description: string): TokenRefusal => ({ error: 'invalid_grant', description });
    if (!verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))) {
      return invalid('Invalid JWT Signature.');
    }
    const { iss, sub, scope, aud } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
    if (aud !== `${vendor.origin}/token`) return invalid('Invalid JWT.');
    const known = iss === 'reader@project.iam.example' && sub === undefined;
    if (known && scope === 'https://www.googleapis.com/auth/logging.read') return undefined;
    return { status: 401, error: 'unauthorized_client', description: 'Client is unauthorized to retrieve tokens.' };
  }

  function answer(request: LoggedRequest, response: ServerResponse): void {
    const { method, target, headers, body } = request;
    if (target === '/token') return grants.answer(request, response);
    if (!grants.opens(request)) return failure(response, 401, 'UNAUTHENTICATED', 'Request had invalid credentials.');
    const isJson = headers['content-type'] === 'application/json';
    if (method !== 'POST' || target !== '/v2/entries:list' || !isJson) {
      return failure(response, 404, 'NOT_FOUND', 'Not Found');
    }
    try {
      sendJson(response, 200, page(JSON.parse(body) as Body));
    } catch (error) {
      failure(response, 400, 'INVALID_ARGUMENT', error instanceof Error ? error.message : String(error));
    }
  }

  function page({ pageToken, ...query }: Body): string {
    const { resourceNames = [], filter = '', orderBy, pageSize: asked } = query;
    const odd = Object.keys(query).find((name) => !members.includes(name));
    if (odd !== undefined) throw new Error(`Unknown name "${odd}"`);
    const [, from = '', until = '', more] = language.exec(filter) ?? [];
    if (from === '' || orderBy !== 'timestamp asc') throw new Error('Unparseable filter or order');
    const wanted = /^(?:\()?protoPayload\.methodName="([^"]+)"\)?$/.exec(more ?? '')?.[1];
    if (more !== undefined && wanted === undefined) throw new Error(`Unparseable filter: ${more}`);
    const size = pageSize('pageSize', String(asked), 50, 1000);
    const found = log.between(rfc3339('timestamp', from), rfc3339('timestamp', until)).filter((text) => {
      const { logName, protoPayload } = JSON.parse(text) as Entry;
      const isOf = resourceNames.some((name) => logName.startsWith(`${name}/logs/`));
      return isOf && (wanted === undefined || protoPayload.methodName === wanted);
    });
    const belongs = JSON.stringify(query);
    const skip = skipped(pageToken ?? null, belongs);
    const entries = found.slice(skip, skip + size);
    const end = skip + entries.length;
    const next = end < found.length ? [`"nextPageToken":"${cursorOf(end, belongs)}"`] : [];
    const list = entries.length === 0 ? [] : [`"entries":[${entries.join(',')}]`];
    return `{${[...list, ...next].join(',')}}`;
  }

  const vendor = await serve(options, answer);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return Object.assign(vendor, { privateKey: pem, grants, add: log.add });
}

function failure(response: ServerResponse, code: number, status: string, message: string): void {
  sendJson(response, code, JSON.stringify({ error: { code, message, status } }));
}
