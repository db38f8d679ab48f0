/** Elasticsearch and OpenSearch by `_bulk`, into an index or a data stream. */
import { isSuccessful } from '../core/http-status.ts';
import { objectOf } from '../core/json/parsed.ts';
import { exit, Problem } from '../core/problem.ts';
import { counted } from '../core/text/counted.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { HttpReply } from '../core/tools.ts';
import type { Batch, Outcome, Reply, Sink } from '../core/types.ts';
import { elasticAddress, elasticCredentials, elasticServer, type ElasticServer } from '../core/wire/elastic/access.ts';
import {
  bulkOutcomes,
  errorText,
  filterPath,
  isBeyondPressure,
  isBlocked,
  isOversized,
  type ItemOutcome,
  clusterWords,
  reasonOf,
  shardWait,
} from '../core/wire/elastic/bulk.ts';
import { clashes } from '../core/wire/elastic/clashes.ts';
import { elasticForm, type FormTools } from '../core/wire/elastic/form.ts';
import { elasticProblems } from '../core/wire/elastic/problems.ts';
import { indexVerdict, rightsOf, rightsPath, rightsQuestion } from '../core/wire/elastic/rights.ts';
import { withoutUnreadable } from '../core/wire/elastic/unreadable.ts';
import type { Encode } from '../core/wire/json-line.ts';
import { upload } from '../core/wire/upload.ts';

const settings = {
  ELASTIC_URL: { summary: 'Address of the cluster', kind: 'url', unless: 'ELASTIC_CLOUD_ID' },
  ELASTIC_CLOUD_ID: { summary: 'Cloud ID of an Elastic Cloud deployment' },
  ELASTIC_INDEX: { summary: 'Index, alias or data stream to write to', required: true },
  ELASTIC_API_KEY: { summary: 'API key, as `id:api_key` or in its encoded form', secret: true, scheme: 'ApiKey' },
  ELASTIC_USERNAME: { summary: 'User name, where there is no API key' },
  ELASTIC_PASSWORD: { summary: 'Password of that user', secret: true },
  ELASTIC_PIPELINE: { summary: 'Ingest pipeline to use instead of the default one' },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const elastic: SinkDefinition = {
  name: 'elastic',
  summary: 'Elasticsearch or OpenSearch, by `_bulk` into an index or a data stream',
  promise:
    'Each document has its own answer, and its ID comes from the record, ID and content: a repeat is recognised and ignored (in a data stream, until it rolls over).',
  settings,
  address: { setting: 'ELASTIC_CLOUD_ID', of: elasticAddress },
  create: elasticSink,
};

/** The wire form: an action line and the record, for `--bulk-format elastic`. */
export function elasticWireForm(_values: unknown, tools: FormTools): Encode {
  return elasticForm(tools);
}

function elasticSink(values: Values, tools: SinkTools): Sink {
  const base = elasticAddress(values);
  const index = values['ELASTIC_INDEX'];
  const pipeline = values['ELASTIC_PIPELINE'];
  const who = `elastic at ${new URL(base).origin}`;
  const authorization = elasticCredentials(values);
  const http = tools.http(base);
  const uploads = upload(http, who, { records: 1000, bytes: 5_000_000, record: 100 * 1024 * 1024 });
  const { refusal, busy, failure, notElastic } = elasticProblems(values, who, tools.now);
  const isFirstClash = clashes();
  let asked: Promise<ElasticServer> | undefined;
  let quietRefused = false;

  function ask(method: 'GET' | 'HEAD' | 'POST', path: string, body?: string): Promise<HttpReply> {
    const headers = { ...authorization, 'content-type': 'application/json' };
    return http.send({ method, url: `${base}/${path}`, headers, ...(body !== undefined && { body }) });
  }

  /** Asks the server what it is. */
  async function hello(): Promise<ElasticServer> {
    const reply = await ask('GET', '');
    const text = await reply.text();
    if ([400, 401, 429].includes(reply.status) || reply.status >= 500) throw failure(reply, 'the first request', text);
    return elasticServer(text);
  }

  /** Without a document: who answers, whether the credentials are good, and what they may do with the index. */
  async function probe(): Promise<string> {
    const greeting = await ask('GET', '');
    const text = await greeting.text();
    const { name } = elasticServer(text);
    // A key that may only write is refused here (403), by an error in Elasticsearch's own words.
    const isWriter = greeting.status === 403 && errorText(objectOf(text)?.['error']) !== '';
    if (greeting.status !== 200 && !isWriter) throw failure(greeting, 'the first request', text, `${base}/`);
    if (name === undefined && !isWriter) throw notElastic('did not answer as Elasticsearch or OpenSearch');
    const answer = await ask('POST', rightsPath, rightsQuestion(index));
    const rights = rightsOf(await answer.text(), index);
    if (answer.status === 401) throw failure(answer, 'the credentials', '');
    const head = await ask('HEAD', encodeURIComponent(index));
    await head.discard();
    const verdict = indexVerdict(index, rights, head.status);
    if ('lacks' in verdict)
      throw refusal(verdict.like === 403 ? exit.noperm : exit.config, verdict.lacks, verdict.like);
    return `${name ?? 'it takes the credentials'}; ${verdict.found}`;
  }

  /** What the server is, asked once a run and right before the first batch: a run with nothing new does not need it. */
  async function server(): Promise<ElasticServer> {
    asked ??= hello();
    try {
      return await asked;
    } catch (error) {
      asked = undefined;
      if (!(error instanceof Problem)) throw error;
      // Nothing was sent yet, and its status is not about a batch.
      throw error.with({ httpStatus: undefined, again: error.again && { ...error.again, untaken: true } });
    }
  }

  async function send(batch: Batch): Promise<Reply> {
    const quiet = (await server()).quiet && !quietRefused;
    const query = new URLSearchParams({ filter_path: filterPath, timeout: shardWait });
    if (quiet) query.set('include_source_on_error', 'false'); // keeps record content out of error texts
    if (pipeline !== undefined) query.set('pipeline', pipeline);
    const url = `${base}/${encodeURIComponent(index)}/_bulk?${query.toString()}`;
    const headers = { ...authorization, 'content-type': 'application/x-ndjson', accept: 'application/json' };
    const { reply, text, verdict } = await uploads.post(url, headers, batch);
    if (verdict !== undefined) return verdict;
    if (isSuccessful(reply.status)) return read(text, batch);
    const said = clusterWords(text);
    if (reply.status === 400 && quiet && said.includes('include_source_on_error')) {
      quietRefused = true;
      return { again: `${who} does not know include_source_on_error` };
    }
    if (reply.status === 400 && said !== '') return { split: said };
    if (reply.status === 429 && isBeyondPressure(said)) return uploads.tooLarge(batch, said);
    if ([402, 403].includes(reply.status) && isBlocked(said)) throw busy(said);
    throw failure(reply, 'the records', text);
  }

  /** One outcome for each record: an answer that does not account for all of them acknowledges none. */
  function read(text: string, batch: Batch): Reply {
    const answer = objectOf(text);
    const items = answer && bulkOutcomes(answer, batch.count);
    if (items === undefined)
      throw notElastic(`did not account for what it was sent (${counted(batch.count, 'document')})`);
    const outcomes = items.map((item, at) => translate(item, () => isFirstClash(batch, at)));
    const limited = items.find((item) => typeof item === 'object' && 'busy' in item);
    const isFruitless = outcomes.every((outcome) => typeof outcome === 'object' && 'again' in outcome);
    if (isFruitless && limited !== undefined) {
      const reason = reasonOf(limited);
      if (isOversized(reason)) return { split: reason };
      if (isBeyondPressure(reason)) return uploads.tooLarge(batch, reason);
      const isUntaken = outcomes.every(
        (outcome) => typeof outcome === 'object' && 'untaken' in outcome && outcome.untaken,
      );
      throw isUntaken ? busy(reason) : busy(reason).with({ again: {} });
    }
    return { outcomes };
  }

  function translate(item: ItemOutcome, isFirst: () => boolean): Outcome {
    if (typeof item === 'string' || 'refused' in item) return item;
    const reason = reasonOf(item);
    if ('clash' in item && !isFirst()) return { refused: reason };
    if ('denied' in item) throw refusal(exit.noperm, reason, 403);
    if ('missing' in item) throw refusal(exit.config, reason, 404);
    return { again: `${who} could not take some documents: ${reason}`, untaken: 'clash' in item || 'busy' in item };
  }

  return {
    name: 'elastic',
    scope: `${base}/${index}`,
    limits: uploads.limits,
    inFlight: 3,
    repeats: 'ignored',
    encode: elasticWireForm(values, tools),
    probe,
    send: withoutUnreadable(send),
    close: uploads.close,
  };
}
