/** Any receiver of OpenTelemetry's OTLP over HTTP: a collector, or a service that takes logs that way. */
import { check } from '../core/hint.ts';
import { allKept } from '../core/batch.ts';
import { isSuccessful } from '../core/http-status.ts';
import { Problem } from '../core/problem.ts';
import { httpProblem } from '../core/http-problem.ts';
import { version } from '../core/version.ts';
import { headerList } from '../core/wire/header-list.ts';
import { enclosed } from '../core/wire/json-list.ts';
import {
  isPermanent,
  misplaced,
  protobufAlone,
  saidBy,
  statusMessage,
  takenBy,
  type Taken,
} from '../core/wire/otlp/answer.ts';
import { otlpEnvelope, otlpForm } from '../core/wire/otlp/form.ts';
import { strangeAnswer } from '../core/wire/strange-answer.ts';
import { upload } from '../core/wire/upload.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { Http, HttpReply } from '../core/tools.ts';
import type { Batch, Reply, Sink } from '../core/types.ts';

const settings = {
  OTLP_URL: {
    summary: 'Address of the receiver, such as https://collector.example:4318; /v1/logs is added where it is missing',
    kind: 'url',
    required: true,
  },
  OTLP_HEADERS: {
    summary: 'Headers with its key, as `Name: value`, one a line or separated by `;`',
    secret: true,
    lines: true,
  },
  OTLP_SERVICE: { summary: 'The `service.name` of the records; the name of the source when not set' },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const otlp: SinkDefinition = {
  name: 'otlp',
  summary: 'Any receiver of OpenTelemetry logs by OTLP over HTTP, in JSON',
  promise:
    'The receiver has accepted the records; a collector may still hold them. A batch whose answer was lost is sent again and can be seen twice. One of which it rejects some without saying which is sent again in parts until they are found, so that its other records can be seen many times. A repeat has the same `log.record.uid`.',
  settings,
  create: otlpSink,
};

/** Services take 1 MB at once, a collector 20 MiB. */
const largestBatch = 1_000_000;
/** What a refusal may be about, other than the records. */
const doubt = check(['OTLP_URL', 'OTLP_HEADERS']);
/** The same, of what a collector says of its exporter. */
const atExporter = 'see the log of the collector: what it exports to may refuse everything';
/** Statuses that are usually tried again, but not in OTLP, which names 429, 502, 503 and 504 for that. */
const final: readonly number[] = [408, 500];
const ports = 'the port for OTLP over HTTP is 4318, and 4317 that for gRPC';
const hints = {
  404: check(['OTLP_URL'], ': /v1/logs is added to it where it is missing'),
  405: check(['OTLP_URL'], `: ${ports}`),
  415: protobufAlone,
};

function otlpSink(values: Values, tools: SinkTools): Sink {
  const address = new URL(values['OTLP_URL']);
  const path = address.pathname.replace(/\/+$/, '');
  address.pathname = path.endsWith('/v1/logs') ? path : `${path}/v1/logs`;
  const url = address.href;
  const who = `otlp at ${address.origin}`;
  const http = address.port === '4317' ? orGrpc(tools.http(url)) : tools.http(url);
  const headers = { ...headerList(values['OTLP_HEADERS'] ?? '', 'OTLP_HEADERS'), 'content-type': 'application/json' };
  const uploads = upload(http, who, { records: 5000, bytes: largestBatch, record: Infinity });
  const [before, after] = otlpEnvelope(values['OTLP_SERVICE'] ?? tools.sourceName, version);
  let hasWarned = false;

  async function send(batch: Batch): Promise<Reply> {
    const load = { count: batch.count, body: enclosed(batch.body, before, after) };
    const { reply, text, verdict } = await uploads.post(url, headers, load);
    if (verdict !== undefined) return verdict;
    if (isSuccessful(reply.status)) {
      const { rejects, said } = taken(text);
      if (rejects) return { split: said || 'the receiver rejected it, without saying why', repeats: true };
      if (said !== '') warnOnce(said);
      return { outcomes: allKept(batch) };
    }
    if (reply.status === 500 && isPermanent(text)) {
      return { split: `${saidBy(text)} (HTTP 500)`, doubt: atExporter, repeats: true }; // another exporter of it may have taken them
    }
    if (reply.status !== 400 || misplaced(text) !== undefined) throw failure(reply, 'the records', text);
    const reason = `${saidBy(text) ?? 'the receiver refused it'} (HTTP 400)`;
    return isTooLarge(text) ? uploads.tooLarge(batch, reason) : { split: reason, doubt };
  }

  /** A request without any log record, which a receiver should take. */
  async function probe(): Promise<string> {
    const { reply, text } = await uploads.ask(url, headers, before + after);
    if ([400, 422].includes(reply.status) && misplaced(text) === undefined) {
      const said = saidBy(text);
      return `it answers, though not well to a delivery without records (HTTP ${reply.status}${said === undefined ? '' : `: ${said}`}); address and key are proven by the first delivery`;
    }
    if (!isSuccessful(reply.status)) throw failure(reply, reply.status === 400 ? 'the request' : 'the key', text);
    taken(text);
    return 'it takes a delivery without records';
  }

  /** What a success says; throws Problem 76 for an answer that no receiver of OTLP gives. */
  function taken(text: string): Taken {
    const answer = takenBy(text);
    if (answer === undefined) throw strangeAnswer(who, 'did not answer as a receiver of OTLP', 'OTLP_URL');
    return answer;
  }

  function warnOnce(said: string): void {
    if (!hasWarned) tools.warn(`${who} took the records, and says: ${said}`);
    hasWarned = true;
  }

  function failure(reply: HttpReply, what: string, text: string): Problem {
    const said = saidBy(text);
    const asked = { who, what, hint: check(['OTLP_HEADERS']), hints: { ...hints, 400: misplaced(text) }, said };
    const problem = httpProblem(reply, asked, tools.now());
    return final.includes(reply.status) ? problem.with({ again: undefined }) : problem;
  }

  return {
    name: 'otlp',
    scope: url,
    limits: uploads.limits,
    inFlight: 1,
    repeats: 'visible',
    encode: otlpForm(tools),
    probe,
    send,
    close: uploads.close,
  };
}

/** Whether the request was larger than a collector's max_request_body_size, for which it does not answer 413. */
function isTooLarge(text: string): boolean {
  return statusMessage(text)?.includes('body too large') === true;
}

/** What listens at the port for gRPC answers HTTP/1.1 with other bytes, or, under TLS, closes the connection. */
function orGrpc(http: Http): Http {
  return {
    ...http,
    async send(request) {
      try {
        return await http.send(request);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        throw error.with({ hint: [error.steps, ports] });
      }
    },
  };
}
