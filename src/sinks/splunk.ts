/** Splunk by its HTTP Event Collector, with indexer acknowledgement if asked for. */
import type { Buffer } from 'node:buffer';
import { gzipped } from '../core/gzip.ts';
import { acknowledgements, byChannel } from '../core/hec-acks.ts';
import { hecForm } from '../core/hec-form.ts';
import { hecReply } from '../core/hec-reply.ts';
import type { Encode } from '../core/json-line.ts';
import { exit, Problem } from '../core/problem.ts';
import { httpProblem, retryAfter, retrying } from '../core/retry.ts';
import { isObject, objectOf, serverText } from '../core/server-text.ts';
import type {
  Batch,
  HttpReply,
  Outcome,
  Reply,
  Settings,
  SettingValues,
  Sink,
  SinkDefinition,
  SinkTools,
} from '../core/types.ts';

const settings: Settings = {
  SPLUNK_URL: {
    summary: 'Address of the HTTP Event Collector, such as https://splunk.example:8088',
    required: true,
    kind: 'url',
  },
  SPLUNK_TOKEN: { summary: 'HEC token', required: true, secret: true },
  SPLUNK_INDEX: { summary: 'Index to write to, unless it is the default one of the token' },
  SPLUNK_SOURCE: { summary: 'Source field; `audit-export:` and the name of the source when not set' },
  SPLUNK_SOURCETYPE: { summary: 'Source type field', default: '_json' },
  SPLUNK_HOST: { summary: 'Host field; the name of the source when not set' },
  SPLUNK_ACK: {
    summary: 'Wait until the indexers acknowledge; the token must have it enabled',
    kind: 'flag',
    default: 'false',
  },
};

export const splunk: SinkDefinition = {
  name: 'splunk',
  summary: 'Splunk, by its HTTP Event Collector',
  promise:
    'Without SPLUNK_ACK, Splunk has accepted the events; with it, they are indexed. A batch whose answer was lost is sent again and can be seen twice, with the same record_id.',
  settings,
  create: splunkSink,
};

/** The wire form: HEC event objects, one a line, for `--bulk-format splunk`. */
export function splunkEncoder(values: SettingValues, tools: Pick<SinkTools, 'sourceName'>): Encode {
  return hecForm({
    host: values['SPLUNK_HOST'] ?? tools.sourceName,
    source: values['SPLUNK_SOURCE'] ?? `audit-export:${tools.sourceName}`,
    sourcetype: values['SPLUNK_SOURCETYPE'] ?? '_json',
    index: values['SPLUNK_INDEX'],
  });
}

/** After this long an acknowledgement will never come, in milliseconds: Splunk's advice. */
const ackPatience = 5 * 60_000;
/** When a queue fills up, in milliseconds. */
const slowDown = 5000;
const longestReply = 1024 * 1024;

function splunkSink(values: SettingValues, tools: SinkTools): Sink {
  // People paste the address from an example, path included.
  const base = (values['SPLUNK_URL'] ?? '').replace(/\/+$/, '').replace(/\/services\/collector(?:\/.*)?$/, '');
  const who = `splunk at ${new URL(base).origin}`;
  const authorization = `Splunk ${values['SPLUNK_TOKEN'] ?? ''}`;
  const http = tools.http(base);
  let bytes = 1_000_000;
  let compress = true;
  let acks = acknowledgements(undefined, () => tools.guid());
  let wantsAcks = ['true', '1', 'yes'].includes(values['SPLUNK_ACK'] ?? '');

  async function post(
    path: string,
    body: Buffer | string,
    channel: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpReply> {
    return http.send({
      method: 'POST',
      url: `${base}/services/collector/${path}`,
      headers: { authorization, 'x-splunk-request-channel': channel, 'content-type': 'application/json', ...headers },
      body,
    });
  }

  async function send(batch: Batch): Promise<Reply> {
    const { body, headers } = await gzipped(batch.body, compress);
    const reply = await post('event', body, acks.channel(), headers);
    const answer = hecReply(reply.status, await readText(reply), batch.records.length, batch.body.length);
    switch (answer.kind) {
      case 'taken': {
        const after = answer.slow ? { after: retryAfter(reply.headers, tools.now()) ?? slowDown } : {};
        return {
          ...acknowledging(
            batch.records.map(() => 'kept'),
            answer.ackId,
          ),
          ...after,
        };
      }
      case 'bad':
        return { ...acknowledging(partial(batch, answer.number, answer.reason), answer.ackId), after: 0 };
      case 'setting':
        throw new Problem(exit.config, `${who} refused the events: ${answer.reason}`, { hint: answer.hint });
      case 'noAck':
        doWithoutAcks();
        return { again: `${who} does not acknowledge`, after: 0 };
      case 'spoilt':
        return { split: answer.reason };
      case 'tooLarge':
        return tooLarge(batch, answer.reason);
      case 'other':
    }
    if (reply.status === 413) return tooLarge(batch, 'too large for the server (HTTP 413)');
    if (reply.status === 415 && 'content-encoding' in headers) {
      compress = false;
      return { again: `${who} does not take gzip`, after: 0 };
    }
    if (reply.status >= 200 && reply.status < 300) throw notHec();
    throw failure(reply, 'the events');
  }

  /** Outcomes, with the name of the acknowledgement that the kept ones wait for. */
  function acknowledging(
    outcomes: readonly Outcome[],
    ackId: number | undefined,
  ): Extract<Reply, { outcomes: unknown }> {
    if (!wantsAcks || !outcomes.includes('kept')) return { outcomes };
    if (ackId === undefined) {
      doWithoutAcks();
      return { outcomes };
    }
    const pending = acks.sent(ackId, tools.now());
    if (pending !== undefined) return { outcomes, pending };
    const again = { again: `${who} began its acknowledgements anew` };
    return { outcomes: outcomes.map((outcome) => (outcome === 'kept' ? again : outcome)), after: 0 };
  }

  function partial({ records }: Batch, bad: number, reason: string): Outcome[] {
    const again = { again: `${who} refused an event before these` };
    return records.map((_, index) => (index < bad ? 'kept' : index === bad ? { refused: reason } : again));
  }

  function doWithoutAcks(): void {
    wantsAcks = false;
    tools.warn(`${who} does not acknowledge for this token: going on without SPLUNK_ACK`);
  }

  function tooLarge(batch: Batch, reason: string): Reply {
    // The next batches need not meet the same limit.
    if (batch.records.length > 1) bytes = Math.min(bytes, Math.max(64 * 1024, Math.floor(batch.body.length / 2)));
    return { split: reason, tooLarge: true };
  }

  function notHec(): Problem {
    return new Problem(exit.protocol, `${who} did not answer as an HTTP Event Collector`, {
      hint: 'check SPLUNK_URL: a proxy or another service may be answering there',
      again: {},
    });
  }

  function failure(reply: HttpReply, what: string): Problem {
    const hint = 'check SPLUNK_TOKEN, and that the token is enabled';
    const problem = httpProblem(reply.status, reply.headers, { who, what, hint }, tools.now());
    if (reply.status !== 404) return problem;
    return new Problem(problem.status, problem.message, {
      hint: 'check SPLUNK_URL: the event collector usually listens on port 8088',
    });
  }

  async function settle(pending: readonly string[]): Promise<{ kept: string[]; lost: string[] }> {
    const settled = { kept: [] as string[], lost: [] as string[] };
    for (const [channel, numbers] of byChannel(pending)) {
      const answers = await retrying(() => poll(channel, numbers), tools);
      for (const number of numbers) {
        const name = `${channel}:${number}`;
        const since = acks.since(name, tools.now());
        if (since === undefined) settled.lost.push(name);
        else if (answers === 'none' || answers[String(number)] === true) settled.kept.push(name);
        else if (tools.now() - since > ackPatience) settled.lost.push(name);
      }
    }
    for (const name of [...settled.kept, ...settled.lost]) acks.done(name);
    return settled;
  }

  /** One question for some acknowledgements; `none` when the token no longer has any. */
  async function poll(
    channel: string,
    numbers: readonly number[],
  ): Promise<Readonly<Record<string, unknown>> | 'none'> {
    const reply = await post(`ack?channel=${encodeURIComponent(channel)}`, JSON.stringify({ acks: numbers }), channel);
    const answer = objectOf(await readText(reply));
    if (reply.status === 400 && answer?.['code'] === 14) {
      doWithoutAcks();
      return 'none';
    }
    if (reply.status !== 200) throw failure(reply, 'to say what is indexed');
    if (!isObject(answer?.['acks'])) throw notHec();
    return answer['acks'];
  }

  /** An empty request says whether the token is good: with a good one it is "no data" (5). */
  async function probe(): Promise<string> {
    const reply = await post('event', '', acks.channel());
    const answer = objectOf(await readText(reply));
    if (answer?.['code'] === 5 || answer?.['code'] === 0) return 'it takes the token';
    if (reply.status !== 400 && (reply.status < 200 || reply.status > 299)) throw failure(reply, 'the token');
    if (typeof answer?.['text'] !== 'string') throw notHec();
    throw new Problem(exit.config, `${who} answers: ${serverText(answer['text'])}`, {
      hint: 'check SPLUNK_URL and SPLUNK_TOKEN',
    });
  }

  return {
    name: 'splunk',
    scope: `${base}${values['SPLUNK_INDEX'] === undefined ? '' : ` index ${values['SPLUNK_INDEX']}`}`,
    get limits() {
      return { records: 1000, bytes, record: 50 * 1024 * 1024 };
    },
    inFlight: 1,
    repeats: 'visible',
    encode: splunkEncoder(values, tools),
    open(saved) {
      acks = acknowledgements(saved, () => tools.guid());
      return Promise.resolve();
    },
    probe,
    send,
    settle,
    flush: () => Promise.resolve(),
    saved: () => (wantsAcks || acks.isWaiting() ? acks.saved() : undefined),
    close: () => http.close(),
  };
}

function readText(reply: HttpReply): Promise<string> {
  return reply.text(longestReply);
}
