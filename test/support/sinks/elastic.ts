/**
 * A fake Elasticsearch or OpenSearch: `GET /` and `POST /{index}/_bulk` with `create`, as their reference pages describe
 * them, strict about what the real ones are strict about, and about what a proxy before them can be (chunks, gzip). Its
 * refusals are in the form of OpenSearch 2.19 and Elasticsearch 7.17, which were asked.
 */
import { Buffer } from 'node:buffer';
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface ElasticOptions {
  readonly version?: string;
  readonly distribution?: 'opensearch';
  /** The expected Authorization header. */
  readonly authorization?: string;
  /** Only writing is allowed: `GET /` is 403. */
  readonly writeOnly?: boolean;
  /** Largest decompressed request body in bytes; more is 413. */
  readonly largest?: number;
  readonly acceptsGzip?: boolean;
  readonly index?: string;
  /** What the user may do with that index, for clusters that can be asked. */
  readonly rights?: { readonly create_doc: boolean; readonly auto_configure: boolean; readonly create_index?: boolean };
}

export interface ItemAnswer {
  readonly status: number;
  readonly type?: string;
  readonly reason?: string;
  readonly cause?: { readonly type: string; readonly reason: string };
  readonly failureStore?: string;
}

export interface FakeElastic extends FakeServer {
  /** Documents by `_id`: the bytes of the source line. */
  readonly documents: Map<string, string>;
  /** How often a document with that `_id` was created or refused as existing. */
  readonly attempts: Map<string, number>;
  /** Decides on one document; undefined stores it. `attempt` is 1 for the first. */
  item: ((id: string, source: string, attempt: number) => ItemAnswer | undefined) | undefined;
  /** The bulk requests only. */
  bulks(): Received[];
}

const parameters = [
  'filter_path',
  'pipeline',
  'refresh',
  'routing',
  'timeout',
  'wait_for_active_shards',
  'require_alias',
];

/** What it keeps of a document itself (MetadataFieldMapper): no document may bring it, except that `_doc_count` may be a number. */
const metadataFields = [
  '_id',
  '_index',
  '_source',
  '_routing',
  '_version',
  '_seq_no',
  '_field_names',
  '_ignored',
  '_ignored_source',
  '_nested_path',
  '_data_stream_timestamp',
  '_doc_count',
  '_index_mode',
  '_tier',
];

/** An `_id` without the mark of the content that is in it. */
export function withoutMark(id: string): string {
  return id.replace(/:[0-9a-f]{8}:/, ':');
}

/** Elasticsearch splits names at their dots, and refuses empty parts (DotExpandingXContentParser); blank ones, too. */
function hasBrokenName(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => /^$|^\.|\.\.[^.]/.test(name) || hasBrokenName(member));
}

export async function fakeElastic(options: ElasticOptions = {}): Promise<FakeElastic> {
  const documents = new Map<string, string>();
  const attempts = new Map<string, number>();
  const version = options.version ?? '9.1.2';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isElasticsearch = options.distribution === undefined;
  const quiet = isElasticsearch && (major > 8 || (major === 8 && minor >= 18));
  const known = quiet ? [...parameters, 'include_source_on_error'] : parameters;

  function answer(received: Received): Answer {
    if (options.authorization !== undefined && received.headers.authorization !== options.authorization) {
      return failure(401, 'security_exception', 'unable to authenticate');
    }
    if (received.method === 'GET' && received.path === '/') {
      if (options.writeOnly === true)
        return failure(403, 'security_exception', 'action [cluster:monitor/main] is unauthorized');
      const distribution = isElasticsearch ? {} : { distribution: options.distribution };
      return { status: 200, body: { name: 'n', version: { number: version, ...distribution } } };
    }
    if (received.path === '/_security/user/_has_privileges' && options.rights !== undefined) {
      const asked = JSON.parse(received.body) as { index: { names: string[]; privileges: string[] }[] };
      const granted: Readonly<Record<string, boolean>> = { create_index: false, ...options.rights };
      const { names = [], privileges = [] } = asked.index[0] ?? {};
      if (privileges.some((name) => granted[name] === undefined)) return failure(400, 'illegal_argument_exception', '');
      const answers = Object.fromEntries(privileges.map((name) => [name, granted[name]]));
      return { status: 200, body: { username: 'u', index: { [String(names[0])]: answers } } };
    }
    if (received.method === 'HEAD') {
      return { status: options.index === undefined || received.path === `/${options.index}` ? 200 : 404 };
    }
    const index = /^\/([^/]+)\/_bulk$/.exec(received.path)?.[1];
    if (received.method !== 'POST' || index === undefined) {
      return said(400, `no handler found for uri [${received.path}] and method [${received.method}]`);
    }
    for (const name of received.query.keys()) {
      if (!known.includes(name)) {
        return failure(
          400,
          'illegal_argument_exception',
          `request [${received.path}] contains unrecognized parameter: [${name}]`,
        );
      }
    }
    if (received.headers['content-encoding'] === 'gzip' && options.acceptsGzip === false) {
      return { status: 415, body: 'unsupported media type' };
    }
    if (received.headers['transfer-encoding'] !== undefined) return failure(411, 'length_required', 'chunked');
    const type = received.headers['content-type'];
    if (type !== 'application/x-ndjson') return said(406, `Content-Type header [${type}] is not supported`);
    if (received.bytes > (options.largest ?? 100 * 1024 * 1024)) return { status: 413, body: '' };
    return bulk(index, received);
  }

  function bulk(index: string, received: Received): Answer {
    if (!received.body.endsWith('\n')) {
      return failure(400, 'illegal_argument_exception', 'The bulk request must be terminated by a newline [\\n]');
    }
    const lines = received.body.slice(0, -1).split('\n');
    const ids: string[] = [];
    for (let at = 0; at < lines.length; at += 2) {
      const action = JSON.parse(lines[at] ?? '') as Record<string, Record<string, unknown>>;
      const id = action['create']?.['_id'];
      if (Object.keys(action).join() !== 'create' || lines[at + 1] === undefined) {
        return failure(400, 'illegal_argument_exception', `Malformed action/metadata line [${at + 1}]`);
      }
      if (typeof id !== 'string' || Buffer.byteLength(id) > 512) {
        const reason = `Validation Failed: 1: id [${String(id)}] is too long, must be no longer than 512 bytes;`;
        return failure(400, 'action_request_validation_exception', reason);
      }
      ids.push(id);
    }
    const items = ids.map((id, number) => create(index, id, lines[2 * number + 1] ?? ''));
    const body = { took: 1, errors: items.some(({ create: { status } }) => status > 299), items };
    const paths = received.query
      .get('filter_path')
      ?.split(',')
      .map((path) => path.split('.'));
    return { status: 200, body: paths === undefined ? body : filtered(body, paths) };
  }

  function create(index: string, id: string, source: string) {
    const attempt = (attempts.get(id) ?? 0) + 1;
    attempts.set(id, attempt);
    const failed = (status: number, type: string, reason: string, cause?: ItemAnswer['cause']) => ({
      create: { status, error: { type, reason, ...(cause !== undefined && { caused_by: cause }) } },
    });
    const decided = fake.item?.(id, source, attempt);
    if (decided !== undefined && decided.status > 299) {
      return failed(decided.status, decided.type ?? 'exception', decided.reason ?? '', decided.cause);
    }
    if (documents.has(id)) {
      const reason = `[${id}]: version conflict, document already exists (current version [1])`;
      return failed(409, 'version_conflict_engine_exception', reason);
    }
    if (options.index !== undefined && index !== options.index) {
      return failed(404, 'index_not_found_exception', `no such index [${index}]`);
    }
    if (id === '') return failed(400, 'illegal_argument_exception', 'if _id is specified it must not be empty');
    const parsed = JSON.parse(source) as Record<string, unknown>;
    const unread = (type: string, reason: string) =>
      failed(400, 'mapper_parsing_exception', 'failed to parse', { type, reason });
    const metadata = metadataFields.find((name) => Object.hasOwn(parsed, name));
    if (metadata !== undefined) {
      return unread(
        'mapper_parsing_exception',
        `Field [${metadata}] is a metadata field and cannot be added inside a document.`,
      );
    }
    if (hasBrokenName(parsed)) return unread('illegal_argument_exception', 'field name cannot be an empty string');
    if (typeof parsed['@timestamp'] !== 'string' && typeof parsed['@timestamp'] !== 'number') {
      return unread('illegal_argument_exception', 'data stream timestamp field [@timestamp] is missing');
    }
    documents.set(id, source);
    const store = decided?.failureStore;
    return { create: { status: 201, ...(store !== undefined && { failure_store: store }) } };
  }

  const fake: FakeElastic = Object.assign(await fakeServer(answer), {
    documents,
    attempts,
    item: undefined,
    bulks: () => fake.requests.filter(({ path }) => path.endsWith('/_bulk')),
  });
  return fake;
}

/** What the paths name, `*` being any name of one level, or an item of a list, which the path does not count. */
function filtered(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (Array.isArray(value)) return value.map((item) => filtered(item, paths));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const below = paths.filter(([first]) => first === name || first === '*').map(([, ...rest]) => rest);
    if (below.length === 0) return [];
    return [[name, below.some((rest) => rest.length === 0) ? member : filtered(member, below)] as const];
  });
  return Object.fromEntries(members);
}

function failure(status: number, type: string, reason: string): Answer {
  return { status, body: { error: { root_cause: [{ type, reason }], type, reason }, status } };
}

/** As the HTTP layer answers, before any action has the request. */
function said(status: number, error: string): Answer {
  return { status, body: { error, status } };
}
