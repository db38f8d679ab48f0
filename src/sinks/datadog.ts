/** Datadog by its log intake, version 2. */
import { check } from '../core/hint.ts';
import { allKept } from '../core/batch.ts';
import { datadogForm } from '../core/wire/datadog/form.ts';
import { enclosed } from '../core/wire/json-list.ts';
import { isSuccessful } from '../core/http-status.ts';
import { exit, Problem } from '../core/problem.ts';
import { httpProblem } from '../core/http-problem.ts';
import { isObject, objectOf, objectOrNothing } from '../core/json/parsed.ts';
import { serverText } from '../core/text/shown.ts';
import { strangeAnswer } from '../core/wire/strange-answer.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { HttpReply } from '../core/tools.ts';
import type { Batch, Reply, Sink } from '../core/types.ts';
import { sinkBase } from '../core/wire/sink-base.ts';
import { upload } from '../core/wire/upload.ts';

const settings = {
  DATADOG_URL: {
    summary: 'Address of the log intake; that of DATADOG_SITE when not set',
    kind: 'url',
  },
  DATADOG_SITE: { summary: 'Site, such as datadoghq.eu or us5.datadoghq.com', default: 'datadoghq.com' },
  DATADOG_API_KEY: { summary: 'API key', required: true, secret: true },
  DATADOG_SOURCE: { summary: 'The `ddsource` of the logs; the name of the source when not set' },
  DATADOG_SERVICE: { summary: 'The `service` of the logs; the name of the source when not set' },
  DATADOG_HOSTNAME: { summary: 'The `hostname` of the logs' },
  DATADOG_TAGS: { summary: 'The `ddtags` of the logs, such as `env:prod,team:security`' },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const datadog: SinkDefinition = {
  name: 'datadog',
  summary: 'Datadog, by its log intake',
  promise:
    'Datadog has accepted the logs. A batch whose answer was lost is sent again and can be seen twice, with the same record_id.',
  settings,
  address: { setting: 'DATADOG_SITE', of: addressOf },
  create: datadogSink,
};

/** The intake takes 5 MB, uncompressed. */
const largestBatch = 4_250_000;
/** The intake cuts off a larger log, and reports success. */
const largestLog = 1_000_000;
/** What a refusal may be about, other than the logs. */
const doubt = check(['DATADOG_API_KEY', 'DATADOG_SITE']);
const hour = 60 * 60 * 1000;
/**
 * The intake accepts logs that are older than 18 hours, or more than two hours ahead, and then drops them. A batch may wait for
 * an hour before it is taken, and the clock of this machine may be ahead.
 */
const oldest = 17 * hour;
const newest = hour;

function datadogSink(values: Values, tools: SinkTools): Sink {
  const base = sinkBase('DATADOG_URL', addressOf(values), /\/api\/v2\/logs$/);
  const url = `${base}/api/v2/logs`;
  const who = `datadog at ${new URL(base).origin}`;
  const uploads = upload(tools.http(base), who, { records: 1000, bytes: largestBatch, record: largestLog });
  const headers = { 'dd-api-key': values['DATADOG_API_KEY'], 'content-type': 'application/json' };

  function isOutside(time: number): boolean {
    const now = tools.now();
    return time < now - oldest || time > now + newest;
  }

  async function send(batch: Batch): Promise<Reply> {
    const load = { count: batch.count, body: enclosed(batch.body, '[', ']') };
    const { reply, text, verdict } = await uploads.post(url, headers, load);
    if (verdict !== undefined) return verdict;
    const answer = objectOrNothing(text);
    if (isSuccessful(reply.status)) {
      if (answer === undefined || saying(answer) !== '') throw noIntake();
      return { outcomes: allKept(batch) };
    }
    // Only the intake's own words are about the logs: a proxy on the way may answer 400 to every request.
    if (reply.status === 400 && saying(answer) !== '') return { split: saying(answer), doubt };
    if (reply.status === 400) throw noIntake();
    throw failure(reply, 'the logs', answer);
  }

  /** A request without any log: the intake checks the key before the body. */
  async function probe(): Promise<string> {
    const { reply, text } = await uploads.ask(url, headers, '[]');
    const answer = objectOrNothing(text);
    const isTaken = isSuccessful(reply.status);
    if (!isTaken && reply.status !== 400) throw failure(reply, 'the key', answer);
    if (answer === undefined || (isTaken && saying(answer) !== '')) throw noIntake();
    return isTaken ? 'it takes the key' : 'it answers; the key is proven by the first delivery';
  }

  function failure(reply: HttpReply, what: string, answer: ReturnType<typeof objectOf>): Problem {
    const hints = { 404: check(['DATADOG_URL', 'DATADOG_SITE']) };
    const asked = { who, what, hint: doubt, hints, said: saying(answer) };
    return httpProblem(reply, asked, tools.now());
  }

  function noIntake(): Problem {
    const setting = values['DATADOG_URL'] === undefined ? 'DATADOG_SITE' : 'DATADOG_URL';
    return strangeAnswer(who, 'did not answer as a log intake', setting);
  }

  return {
    name: 'datadog',
    scope: base,
    limits: uploads.limits,
    inFlight: 1,
    repeats: 'visible',
    encode: datadogForm(
      {
        ddsource: values['DATADOG_SOURCE'] ?? tools.sourceName,
        service: values['DATADOG_SERVICE'] ?? tools.sourceName,
        hostname: values['DATADOG_HOSTNAME'],
        ddtags: values['DATADOG_TAGS'],
      },
      isOutside,
      () => tools.warn(untimedWarning(who)),
    ),
    probe,
    send,
    close: uploads.close,
  };
}

function untimedWarning(who: string): string {
  return `${who} drops logs older than 18 hours or two hours ahead: such records are sent without their time, inside a member record of the message`;
}

/** DATADOG_URL, or the intake of DATADOG_SITE. Throws Problem 78 when that is no site. */
function addressOf(values: Values): string {
  const url = values['DATADOG_URL'];
  if (url !== undefined) return url;
  const site = values['DATADOG_SITE'];
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(site)) return `https://http-intake.logs.${site}`;
  throw new Problem(exit.config, `DATADOG_SITE is not a site: ${serverText(site)}`, {
    hint: 'write it like datadoghq.eu, without https:// and path; or set DATADOG_URL',
  });
}

/** What the errors in an answer say: texts, or objects with a title and a detail. Empty when there are none. */
function saying(answer: Readonly<Record<string, unknown>> | undefined): string {
  const errors = answer?.['errors'];
  if (!Array.isArray(errors)) return '';
  const texts = (errors as readonly unknown[]).map((error) => {
    const text = isObject(error) ? (error['detail'] ?? error['title']) : error;
    return typeof text === 'string' ? text : 'an error without a text';
  });
  return serverText(texts.join('; '));
}
