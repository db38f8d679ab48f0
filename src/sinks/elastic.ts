/** Elasticsearch and OpenSearch by `_bulk`, into an index or a data stream. */
import { Buffer } from 'node:buffer';
import { bulkOutcomes, errorText, filterPath, isBlocked } from '../core/bulk.ts';
import type { ItemOutcome } from '../core/bulk.ts';
import { cloudUrl } from '../core/cloud-id.ts';
import { elasticForm } from '../core/elastic-form.ts';
import { gzipped } from '../core/gzip.ts';
import type { Encode } from '../core/json-line.ts';
import { exit, Problem } from '../core/problem.ts';
import { httpProblem } from '../core/retry.ts';
import { isObject, objectOf, serverText } from '../core/server-text.ts';
import type {
  Batch,
  HttpReply,
  Outcome,
  Reply,
  SettingValues,
  Settings,
  Sink,
  SinkDefinition,
  SinkTools,
} from '../core/types.ts';

const settings: Settings = {
  ELASTIC_URL: { summary: 'Address of the cluster, unless ELASTIC_CLOUD_ID is given', kind: 'url' },
  ELASTIC_CLOUD_ID: { summary: 'Cloud ID of an Elastic Cloud deployment' },
  ELASTIC_INDEX: { summary: 'Index, alias or data stream to write to', required: true },
  ELASTIC_API_KEY: { summary: 'API key, as `id:api_key` or in its encoded form', secret: true },
  ELASTIC_USERNAME: { summary: 'User name, where there is no API key' },
  ELASTIC_PASSWORD: { summary: 'Password of that user', secret: true },
  ELASTIC_PIPELINE: { summary: 'Ingest pipeline to use instead of the default one' },
};

export const elastic: SinkDefinition = {
  name: 'elastic',
  summary: 'Elasticsearch or OpenSearch, by `_bulk` into an index or a data stream',
  promise:
    'Each document has its own answer, and its ID comes from the record: a repeat is recognised and ignored (in a data stream, until it rolls over).',
  settings,
  create: elasticSink,
};

/** The wire form: an action line and the record, for `--bulk-format elastic`. */
export function elasticEncoder(_values: SettingValues, tools: Pick<SinkTools, 'sourceName' | 'now'>): Encode {
  return elasticForm(tools.sourceName, () => tools.now());
}

const mebibyte = 1024 * 1024;
/** Replies hold one short entry for each of 1,000 items. */
const longestReply = 32 * mebibyte;

function elasticSink(values: SettingValues, tools: SinkTools): Sink {
  const base = address(values);
  const index = values['ELASTIC_INDEX'] ?? '';
  const who = `elastic at ${new URL(base).origin}`;
  const authorization = credentials(values);
  const http = tools.http(base);
  let bytes = 5_000_000;
  let compress = true;
  /** A parameter that keeps record content out of error texts; undefined until the server said what it is. */
  let quiet: boolean | undefined;
  let asked: Promise<string> | undefined;

  const problem = (reply: HttpReply, what: string, text: string): Problem => {
    const plain = httpProblem(
      reply.status,
      reply.headers,
      { who, what, hint: hintOf(values, reply.status) },
      tools.now(),
    );
    const hint = reply.status === 404 ? hintOf(values, 404) : plain.hint;
    const said = errorText(objectOf(text)?.['error']);
    return new Problem(plain.status, said === '' ? plain.message : `${plain.message}: ${said}`, {
      ...(hint !== undefined && { hint }),
      ...(plain.again !== undefined && { again: plain.again }),
    });
  };

  /** Asks the server what it is. A key that may only write is refused here, and does for everything else. */
  async function hello(): Promise<string> {
    const reply = await http.send({ method: 'GET', url: `${base}/`, headers: authorization, repeatable: true });
    const text = await reply.text(mebibyte);
    if (reply.status === 401 || reply.status === 429 || reply.status >= 500)
      throw problem(reply, 'the first request', text);
    const version = objectOf(text)?.['version'];
    const number = isObject(version) && typeof version['number'] === 'string' ? version['number'] : '';
    const isElasticsearch = isObject(version) && version['distribution'] === undefined;
    quiet = isElasticsearch && knowsQuiet(number);
    if (number === '') return 'it answers';
    return serverText(`${isElasticsearch ? 'Elasticsearch' : 'OpenSearch'} ${number}`);
  }

  /** Once, right before the first batch, so that a run with nothing new does not need it. */
  async function introduce(): Promise<void> {
    asked ??= hello();
    try {
      await asked;
    } catch (error) {
      asked = undefined;
      throw error;
    }
  }

  async function send(batch: Batch): Promise<Reply> {
    await introduce();
    const query = new URLSearchParams({ filter_path: filterPath });
    if (quiet === true) query.set('include_source_on_error', 'false');
    if (values['ELASTIC_PIPELINE'] !== undefined) query.set('pipeline', values['ELASTIC_PIPELINE']);
    const { body, headers } = await gzipped(batch.body, compress);
    const reply = await http.send({
      method: 'POST',
      url: `${base}/${encodeURIComponent(index)}/_bulk?${query}`,
      headers: { ...authorization, 'content-type': 'application/x-ndjson', accept: 'application/json', ...headers },
      body,
    });
    const text = await reply.text(longestReply);
    if (reply.status >= 200 && reply.status < 300) return read(text, batch.records.length);
    if (reply.status === 413) {
      // The next batches need not meet the same limit.
      if (batch.records.length > 1) bytes = Math.min(bytes, Math.max(64 * 1024, Math.floor(batch.body.length / 2)));
      return { split: 'too large for the server (HTTP 413)', tooLarge: true };
    }
    if (reply.status === 415 && 'content-encoding' in headers) {
      compress = false;
      return { again: `${who} does not take gzip`, after: 0 };
    }
    const said = errorText(objectOf(text)?.['error']);
    if (reply.status === 400) return badRequest(said);
    if (reply.status === 403 && isBlocked(said)) throw busy(said);
    throw problem(reply, 'the records', text);
  }

  function badRequest(said: string): Reply {
    if (quiet === true && said.includes('include_source_on_error')) {
      quiet = false;
      return { again: `${who} does not know include_source_on_error`, after: 0 };
    }
    return { split: said === '' ? 'the server refused the request (HTTP 400)' : said };
  }

  /** One outcome a record; anything that does not account for every one of them is no acknowledgement. */
  function read(text: string, count: number): Reply {
    const answer = objectOf(text);
    const outcomes = answer && bulkOutcomes(answer, count);
    if (outcomes === undefined) {
      throw new Problem(exit.protocol, `${who} did not account for the ${count} documents that it was sent`, {
        hint: 'check ELASTIC_URL: a proxy or another service may be answering there',
        again: {},
      });
    }
    const final = outcomes.map(translate);
    const fruitless = final.every((outcome) => typeof outcome === 'object' && 'again' in outcome);
    const limited = outcomes.find((outcome) => typeof outcome === 'object' && 'busy' in outcome);
    if (fruitless && limited !== undefined) throw busy(reasonOf(limited));
    return { outcomes: final };
  }

  function translate(outcome: ItemOutcome): Outcome {
    if (outcome === 'diverted') {
      tools.warn(`${who} diverted records to the failure store of ${index}: mend its mapping or pipeline`);
      return 'kept';
    }
    if (outcome === 'kept' || 'refused' in outcome) return outcome;
    const reason = reasonOf(outcome);
    if ('denied' in outcome) {
      throw new Problem(exit.noperm, `${who} refused to write to ${index}: ${reason}`, {
        hint: 'give the user or API key the privilege create_doc on it',
      });
    }
    if ('missing' in outcome) {
      throw new Problem(exit.config, `${who} cannot write to ${index}: ${reason}`, { hint: hintOf(values, 404) });
    }
    return { again: `${who} could not take some documents: ${reason}` };
  }

  function busy(reason: string): Problem {
    return new Problem(exit.tempfail, `${who} takes no more at the moment: ${reason}`, {
      hint: 'the next run goes on; if it lasts, look at its load and its disk space',
      again: {},
    });
  }

  return {
    name: 'elastic',
    scope: `${base}/${index}`,
    get limits() {
      return { records: 1000, bytes, record: 100 * mebibyte };
    },
    inFlight: 3,
    repeats: 'ignored',
    encode: elasticEncoder(values, tools),
    open: () => Promise.resolve(),
    probe: hello,
    send,
    flush: () => Promise.resolve(),
    saved: () => undefined,
    close: () => http.close(),
  };
}

function reasonOf(outcome: ItemOutcome): string {
  return typeof outcome === 'string' ? outcome : (Object.values(outcome)[0] ?? '');
}

/** `include_source_on_error` came with 8.18 and 9.0. An unknown parameter is an error. */
function knowsQuiet(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 8 || (major === 8 && minor >= 18);
}

function address(values: SettingValues): string {
  const url = values['ELASTIC_URL'];
  const cloudId = values['ELASTIC_CLOUD_ID'];
  if ((url === undefined) === (cloudId === undefined)) {
    const what =
      url === undefined
        ? 'neither ELASTIC_URL nor ELASTIC_CLOUD_ID is set'
        : 'both ELASTIC_URL and ELASTIC_CLOUD_ID are set';
    throw new Problem(exit.config, what, { hint: 'set one of them' });
  }
  const base = url ?? cloudUrl(cloudId ?? '');
  if (base === undefined) {
    throw new Problem(exit.config, 'ELASTIC_CLOUD_ID is not a Cloud ID', {
      hint: 'copy it from the deployment page in the Elastic Cloud console; it looks like name:bG9uZyB0ZXh0',
    });
  }
  return base.replace(/\/+$/, '');
}

/** An API key is used as it is when it is encoded already; `id:api_key` is encoded here. */
function credentials(values: SettingValues): Readonly<Record<string, string>> {
  const key = values['ELASTIC_API_KEY'];
  const user = values['ELASTIC_USERNAME'];
  const password = values['ELASTIC_PASSWORD'];
  if (key !== undefined) return { authorization: `ApiKey ${key.includes(':') ? base64(key) : key}` };
  if (user === undefined && password === undefined) return {};
  if (user === undefined || password === undefined) {
    throw new Problem(exit.config, `${user === undefined ? 'ELASTIC_USERNAME' : 'ELASTIC_PASSWORD'} is not set`, {
      hint: 'set both ELASTIC_USERNAME and ELASTIC_PASSWORD, or ELASTIC_API_KEY',
    });
  }
  return { authorization: `Basic ${base64(`${user}:${password}`)}` };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function hintOf(values: SettingValues, status: number): string {
  if (status === 404) return 'check ELASTIC_INDEX (it must exist, unless the cluster may create it) and ELASTIC_URL';
  const name = values['ELASTIC_API_KEY'] !== undefined ? 'ELASTIC_API_KEY' : 'ELASTIC_USERNAME and ELASTIC_PASSWORD';
  return status === 401 ? `check ${name}` : `check ${name}, and that it may create documents in ELASTIC_INDEX`;
}
