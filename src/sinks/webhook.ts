/** Any receiver of JSON over HTTP, signed after the Standard Webhooks convention. */
import type { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { check } from '../core/hint.ts';
import { allKept } from '../core/batch.ts';
import { clockHint } from '../core/clock/vendor-clock.ts';
import { headerList } from '../core/wire/header-list.ts';
import { comma, enclosed } from '../core/wire/json-list.ts';
import { type Encode, jsonLine } from '../core/wire/json-line.ts';
import { exit, Problem } from '../core/problem.ts';
import { httpProblem } from '../core/http-problem.ts';
import { objectOf } from '../core/json/parsed.ts';
import { serverText } from '../core/text/shown.ts';
import { statusList } from '../core/wire/webhook/status-list.ts';
import { truthOf } from '../core/truth.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { HttpReply } from '../core/tools.ts';
import type { Batch, Reply, Sink } from '../core/types.ts';
import { upload } from '../core/wire/upload.ts';
import { messageId, signature, signingKeys } from '../core/wire/webhook/signature.ts';

const settings = {
  WEBHOOK_URL: { summary: 'Address of the receiver', required: true, secret: true, kind: 'url' },
  WEBHOOK_HEADERS: {
    summary: 'Further headers, as `Name: value`, one a line or separated by `;`',
    secret: true,
    lines: true,
  },
  WEBHOOK_SECRET: {
    summary: 'Key to sign with, `whsec_…` or any text; two with a blank between them while it is exchanged',
    secret: true,
  },
  WEBHOOK_FORMAT: {
    summary:
      'JSON Lines or one JSON array a request; the libraries of Standard Webhooks, which parse what they have verified, read the array alone',
    default: 'lines',
    values: ['lines', 'array'],
  },
  WEBHOOK_BATCH: { summary: 'Records in a request', kind: 'integer', default: '500' },
  WEBHOOK_SUCCESS: { summary: 'Statuses that mean taken, such as `200,202`; 200-299 when not set' },
  WEBHOOK_GZIP: {
    summary: 'Compress the requests; the signature is that of the text before',
    kind: 'flag',
    default: 'false',
  },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const webhook: SinkDefinition = {
  name: 'webhook',
  summary: 'Any receiver of JSON over HTTP, signed after Standard Webhooks',
  promise:
    'The receiver has answered with success. A batch whose answer was lost is sent again: in the same run with the same `webhook-id`, by which a receiver can drop the repeat; a later run may put the records into other batches, with other IDs.',
  settings,
  create: webhookSink,
};

const largestBatch = 1_000_000;

/** What a refusal may be about, other than the records: some receivers answer a wrong signature with 400 or 422. */
const doubt = check(['WEBHOOK_URL', 'WEBHOOK_HEADERS', 'WEBHOOK_SECRET', 'WEBHOOK_FORMAT']);

/** Client errors that every request would meet, whatever its records. */
const faults: readonly number[] = [404, 405, 406, 407, 411, 414, 415, 417, 421, 426, 431];

const arrayElement: Encode = (record, out) => {
  out.bytes(record.bytes, record.start, record.end);
  out.bytes(comma, 0, 1);
};

function webhookSink(values: Values, tools: SinkTools): Sink {
  const url = values['WEBHOOK_URL'];
  const { origin } = new URL(url);
  const who = `webhook at ${origin}`;
  const asArray = values['WEBHOOK_FORMAT'] === 'array';
  const contentType = asArray ? 'application/json' : 'application/x-ndjson';
  const headers = { 'content-type': contentType, ...headerList(values['WEBHOOK_HEADERS'] ?? '', 'WEBHOOK_HEADERS') };
  const keys = signingKeys(values['WEBHOOK_SECRET'] ?? '');
  const statuses = values['WEBHOOK_SUCCESS'];
  const isSuccess = statusList(statuses ?? '200-299');
  const gzip = truthOf(values['WEBHOOK_GZIP']) === true;
  const http = tools.http(url);
  const limits = { records: recordsOf(values), bytes: largestBatch, record: Infinity };
  const uploads = upload(http, who, limits, { gzip, followRedirects: false, isSuccess });

  async function send(batch: Batch): Promise<Reply> {
    const body = asArray ? enclosed(batch.body, '[', ']') : batch.body;
    const { reply, text, verdict } = await uploads.post(url, signed(batch, body), { count: batch.count, body });
    if (verdict !== undefined) return verdict;
    if (isSuccess(reply.status)) {
      // A login page or a captive portal answers 200 as well; with WEBHOOK_SUCCESS, the user has said that the status suffices.
      if (statuses === undefined && isPage(reply.headers['content-type'], text)) throw notReceiver();
      return { outcomes: allKept(batch) };
    }
    const isPoison = reply.status >= 400 && reply.status < 500 && !isFault(reply.status);
    if (isPoison) {
      return { split: `the receiver refused it (HTTP ${reply.status})${saying(text)}`, doubt: [doubt, clock(reply)] };
    }
    throw failure(reply);
  }

  /**
   * Receivers have no request for this. OPTIONS is what CloudEvents sends before a first delivery; many receivers do not know
   * it, but any answer shows that they are there. The headers of the settings are not sent.
   */
  async function probe(): Promise<string> {
    const reply = await http.send({ method: 'OPTIONS', url, followRedirects: false });
    await reply.discard();
    if (!isSuccess(reply.status) && [410, 502, 503, 504].includes(reply.status)) throw failure(reply);
    return `it answers (HTTP ${reply.status} to OPTIONS); address and key are proven by the first delivery`;
  }

  /** The headers, with the time of this attempt: receivers refuse old messages, to be safe from replays. */
  function signed({ branch, records }: Batch, body: Buffer): Record<string, string> {
    const id = messageId(tools.idSpace(branch), records, body);
    const timestamp = Math.floor(tools.now() / 1000);
    const marks = { 'webhook-id': id, 'webhook-timestamp': String(timestamp) };
    if (keys.length === 0) return { ...headers, ...marks };
    return { ...headers, ...marks, 'webhook-signature': signature(keys, id, timestamp, body) };
  }

  function clock(reply: HttpReply): string | undefined {
    return keys.length === 0 ? undefined : clockHint(reply, tools.now());
  }

  function failure(reply: HttpReply): Problem {
    const hint = [check(['WEBHOOK_HEADERS', 'WEBHOOK_SECRET']), clock(reply)];
    const problem = httpProblem(reply, { who, what: 'the records', hint }, tools.now());
    if (reply.status === 410) {
      const message = `${who} is gone and asks for no more (HTTP 410)`;
      return new Problem(exit.config, message, { hint: check(['WEBHOOK_URL']) });
    }
    if (faults.includes(reply.status)) {
      return problem.with({ status: exit.config, hint: check(['WEBHOOK_URL', 'WEBHOOK_FORMAT']) });
    }
    if (reply.status >= 300) return problem;
    return problem.with({
      status: exit.protocol,
      hint: 'add its status to WEBHOOK_SUCCESS, if it means that the records are taken',
    });
  }

  function notReceiver(): Problem {
    const orReceiver = 'if it is the receiver, set WEBHOOK_SUCCESS=200';
    return new Problem(exit.protocol, `${who} answered with a page for people`, {
      hint: [check(['WEBHOOK_URL'], ': a login page may be answering there'), orReceiver],
      again: {},
    });
  }

  return {
    name: 'webhook',
    // The path is often the credential: it stays out of the position and of everything that is printed.
    scope: origin,
    mark: hash('sha256', url).slice(0, 12),
    limits: uploads.limits,
    inFlight: 1,
    repeats: 'visible',
    encode: asArray ? arrayElement : jsonLine,
    probe,
    send,
    close: uploads.close,
  };
}

/** Statuses below 500 that are not about the records. */
function isFault(status: number): boolean {
  return [401, 403, 408, 410, 425, 429].includes(status) || faults.includes(status);
}

function recordsOf(values: Values): number {
  const records = Number(values['WEBHOOK_BATCH']);
  if (Number.isSafeInteger(records) && records >= 1 && records <= 100_000) return records;
  throw new Problem(exit.config, 'WEBHOOK_BATCH must be between 1 and 100000', {
    hint: `set WEBHOOK_BATCH=${settings['WEBHOOK_BATCH'].default}`,
  });
}

/** Whether it is a page for people. Many receivers send a plain `ok` as text/html, but none of them sends markup. */
function isPage(contentType = '', text: string): boolean {
  if (/^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType)) return /^\s*</.test(text);
  return /^\s*<(?:!doctype\s+)?html\b/i.test(text);
}

/** What the receiver says about a refusal, if it says it in JSON. */
function saying(text: string): string {
  const answer = objectOf(text);
  const said = answer?.['message'] ?? answer?.['error'] ?? answer?.['detail'];
  return typeof said === 'string' ? `: ${serverText(said)}` : '';
}
