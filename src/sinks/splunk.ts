/** Splunk by its HTTP Event Collector, with indexer acknowledgement if asked for. */
import { check } from '../core/hint.ts';
import { allKept } from '../core/batch.ts';
import { ackAnswer, acknowledgements, ackQuestion, type AckAnswer } from '../core/wire/splunk/acks.ts';
import { hecForm } from '../core/wire/splunk/form.ts';
import { enableAcks, hecGreeting, hecReply, queueHint, upTo } from '../core/wire/splunk/reply.ts';
import type { Encode } from '../core/wire/json-line.ts';
import { isSuccessful, notFound, unavailable } from '../core/http-status.ts';
import { exit, Problem } from '../core/problem.ts';
import { retryAfter, retrying } from '../core/retry.ts';
import { httpProblem } from '../core/http-problem.ts';
import { truthOf } from '../core/truth.ts';
import { objectOf } from '../core/json/parsed.ts';
import { serverTextOf } from '../core/text/shown.ts';
import { strangeAnswer } from '../core/wire/strange-answer.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { HttpReply } from '../core/tools.ts';
import type { Batch, Outcome, Reply, Sink } from '../core/types.ts';
import { sinkBase } from '../core/wire/sink-base.ts';
import { upload } from '../core/wire/upload.ts';

const settings = {
  SPLUNK_URL: {
    summary: 'Address of the HTTP Event Collector, such as https://splunk.example:8088',
    required: true,
    kind: 'url',
  },
  SPLUNK_TOKEN: { summary: 'HEC token', required: true, secret: true, scheme: 'Splunk' },
  SPLUNK_INDEX: { summary: 'Index to write to, unless it is the default one of the token' },
  SPLUNK_SOURCE: { summary: 'Source field; `audit-export:` and the name of the source when not set' },
  SPLUNK_SOURCETYPE: { summary: 'Source type field', default: '_json' },
  SPLUNK_HOST: { summary: 'Host field; the name of the source when not set' },
  SPLUNK_ACK: {
    summary: 'Wait until the indexers acknowledge; the token must have it enabled',
    kind: 'flag',
    default: 'false',
  },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const splunk: SinkDefinition = {
  name: 'splunk',
  summary: 'Splunk, by its HTTP Event Collector',
  promise:
    'Without SPLUNK_ACK, Splunk has accepted the events; with it, they are indexed. A batch whose answer was lost is sent again and can be seen twice, with the same record_id.',
  settings,
  create: splunkSink,
};

/** The wire form: HEC event objects, one a line, for `--bulk-format splunk`. */
export function splunkWireForm(values: Partial<Values>, tools: Pick<SinkTools, 'sourceName'>): Encode {
  return hecForm({
    host: values['SPLUNK_HOST'] ?? tools.sourceName,
    source: values['SPLUNK_SOURCE'] ?? `audit-export:${tools.sourceName}`,
    sourcetype: values['SPLUNK_SOURCETYPE'] ?? '',
    index: values['SPLUNK_INDEX'],
  });
}

/** What a refusal may be about, other than the events. */
const doubt = check(['SPLUNK_URL', 'SPLUNK_TOKEN']);
/** How long to wait, in milliseconds, when a queue fills up and Splunk names no time. */
const slowDown = 5000;

function splunkSink(values: Values, tools: SinkTools): Sink {
  const base = sinkBase('SPLUNK_URL', values['SPLUNK_URL'], /\/services\/collector(?:\/.*)?$/);
  const who = `splunk at ${new URL(base).origin}`;
  const index = values['SPLUNK_INDEX'];
  const uploads = upload(tools.http(base), who, { records: 1000, bytes: 1_000_000, record: 50 * 1024 * 1024 });
  let wantsAcks = truthOf(values['SPLUNK_ACK']) === true;
  const channelOfRun = tools.guid();
  let acks = acknowledgements(undefined);

  const url = (path: string): string => `${base}/services/collector/${path}`;
  const headers = (channel: string): Record<string, string> => ({
    authorization: `Splunk ${values['SPLUNK_TOKEN']}`,
    'x-splunk-request-channel': channel,
    'content-type': 'application/json',
  });

  async function send(batch: Batch): Promise<Reply> {
    const channel = wantsAcks ? tools.guid() : channelOfRun;
    const { reply, text, verdict } = await uploads.post(url('event'), headers(channel), batch);
    if (verdict !== undefined) return verdict;
    const answer = hecReply(reply.status, text, batch.count, batch.body.length);
    switch (answer.kind) {
      case 'taken': {
        if (wantsAcks && answer.ackId === undefined) doWithoutAcks();
        const after = answer.slow ? { after: retryAfter(reply.headers, tools.now()) ?? slowDown } : {};
        return { ...acknowledged(allKept(batch), channel, answer.ackId), ...after };
      }
      case 'bad':
        return { ...acknowledged(upTo(answer.number, batch.count, answer.reason), channel, answer.ackId), after: 0 };
      case 'setting':
        throw new Problem(exit.config, `${who} refused the events: ${answer.reason}`, { hint: answer.hint });
      case 'noAck':
        doWithoutAcks();
        return { again: `${who} does not acknowledge` };
      case 'spoilt':
        return { split: answer.reason, doubt };
      case 'tooLarge':
        return uploads.tooLarge(batch, answer.reason);
      case 'other':
        throw reply.status < 300 || reply.status === 400 ? notHec() : failure(reply, 'the events', objectOf(text));
    }
  }

  /** Outcomes, with the name of the acknowledgement that kept events wait for; a refusal of an event may come without one. */
  function acknowledged(
    outcomes: readonly Outcome[],
    channel: string,
    ackId: number | undefined,
  ): Extract<Reply, { outcomes: unknown }> {
    if (!wantsAcks || ackId === undefined || !outcomes.includes('kept')) return { outcomes };
    return { outcomes, pending: acks.sent(channel, ackId, tools.now()) };
  }

  /** Goes on with a warning: the events are taken, and a trail that stops is worse than one with a weaker promise. */
  function doWithoutAcks(): void {
    wantsAcks = false;
    tools.warn(`${who} does not acknowledge for this token: going on without SPLUNK_ACK`);
  }

  /** One question for an acknowledgement. */
  async function ask(channel: string, number: number): Promise<AckAnswer> {
    const { path, body } = ackQuestion(channel, number);
    const { reply, text } = await uploads.ask(url(path), headers(channel), body);
    const answer = objectOf(text);
    const told = ackAnswer(reply.status, answer, number);
    if (told !== undefined) return told;
    if (reply.status === 200) throw notHec();
    const problem = failure(reply, 'the query for acknowledgements', answer);
    // The collector does not know the question.
    throw reply.status === 400 || reply.status === 404 ? problem.with({ hint: enableAcks }) : problem;
  }

  /** An empty request says whether the token is good. */
  async function probe(): Promise<string> {
    const { reply, text } = await uploads.ask(url('event'), headers(channelOfRun), '');
    const greeting = hecGreeting(reply.status, text);
    if (greeting === undefined) {
      throw isSuccessful(reply.status) ? notHec() : failure(reply, 'the token', objectOf(text));
    }
    if (greeting !== 'good') {
      throw new Problem(exit.config, `${who} answers: ${greeting.refused}`, { hint: greeting.hint ?? doubt });
    }
    if (wantsAcks && (await ask(channelOfRun, 0)) === 'none') {
      throw new Problem(exit.config, `${who} does not acknowledge for this token`, { hint: enableAcks });
    }
    return `it takes the token${wantsAcks ? ' and acknowledges' : ''}; whether its index is there, only a search in Splunk shows`;
  }

  function failure(reply: HttpReply, what: string, answer: ReturnType<typeof objectOf>): Problem {
    const port = check(['SPLUNK_URL'], ': the event collector usually listens on port 8088');
    // The management port refuses every token of a collector, too, but in XML.
    const token = check(['SPLUNK_TOKEN'], ', and that the token is enabled');
    const hint = answer === undefined ? [port, token] : token;
    const queue = queueHint(answer?.['code']);
    const hints = { [notFound]: port, 429: queue, [unavailable]: queue };
    const said = serverTextOf(answer?.['text']);
    return httpProblem(reply, { who, what, hint, hints, said }, tools.now());
  }

  function notHec(): Problem {
    return strangeAnswer(who, 'did not answer as an HTTP Event Collector', 'SPLUNK_URL');
  }

  return {
    name: 'splunk',
    scope: index === undefined ? base : `${base} index ${index}`,
    limits: uploads.limits,
    inFlight: 1,
    repeats: 'visible',
    encode: splunkWireForm(values, tools),
    open(saved) {
      acks = acknowledgements(saved);
      return Promise.resolve();
    },
    probe,
    send,
    settle: (pending) =>
      acks.settle(
        pending,
        async (channel, number) => {
          const answer = await retrying(() => ask(channel, number), tools);
          if (answer === 'none' && wantsAcks) doWithoutAcks();
          return answer;
        },
        () => tools.now(),
      ),
    saved: () => (wantsAcks || acks.isWaiting() ? acks.saved() : undefined),
    close: uploads.close,
  };
}
