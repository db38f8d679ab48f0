/** Sekoia.io by its HTTPS intake, on any of its routes. */
import { check, nextRun, ofSettings } from '../core/hint.ts';
import { type Encode, jsonLine } from '../core/wire/json-line.ts';
import { oversize } from '../core/wire/oversize.ts';
import { isSuccessful } from '../core/http-status.ts';
import { exit, Problem } from '../core/problem.ts';
import { httpProblem } from '../core/http-problem.ts';
import { sekoiaEndpoints, sekoiaRoute } from '../core/wire/sekoia/form.ts';
import { keyAs } from '../core/wire/sekoia/intake-key.ts';
import { sekoiaRefusal, sekoiaReply } from '../core/wire/sekoia/reply.ts';
import { objectOf, objectOrNothing } from '../core/json/parsed.ts';
import { serverTextOf } from '../core/text/shown.ts';
import { strangeAnswer } from '../core/wire/strange-answer.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { HttpReply } from '../core/tools.ts';
import type { Batch, Reply, Sink } from '../core/types.ts';
import { sinkBase } from '../core/wire/sink-base.ts';
import { upload } from '../core/wire/upload.ts';

const settings = {
  SEKOIA_URL: {
    summary: 'Address of the intake; it differs by region, such as https://intake.usa1.sekoia.io/api/v1/intake-http',
    kind: 'url',
    default: 'https://intake.sekoia.io',
  },
  SEKOIA_INTAKE_KEY: { summary: 'Intake key', required: true, secret: true },
  SEKOIA_ENDPOINT: {
    summary:
      'Route of the intake; `plain` and `structured` send one event a request, and with `array` tell its own time',
    default: 'plain/batch',
    values: sekoiaEndpoints,
  },
  SEKOIA_KEY_AS: {
    summary:
      'Where the key goes: `header` when not set, or `basic` (password), or `query` (proxies log it); always `body` for `structured`, `batch` and `array`',
    values: ['header', 'basic', 'query', 'body'],
  },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const sekoia: SinkDefinition = {
  name: 'sekoia',
  summary: 'Sekoia.io, by its HTTPS intake',
  promise:
    'The intake has given every event an ID. A batch whose answer was lost is sent again, and its events are then there twice.',
  settings,
  create: sekoiaSink,
};

/** The wire form: plain lines, for `--bulk-format sekoia`. */
export function sekoiaWireForm(): Encode {
  return jsonLine;
}

/** The intake takes 10 MiB. */
const largestBatch = 9 * 1024 * 1024;
/** The intake drops a larger event; it counts the bytes before they are escaped. */
const largestEvent = 250_000;
/** An event of that size, escaped, has at most this many bytes; anything larger is refused without being held. */
const largestEncoded = 2 * largestEvent + 1000;
/** What a refusal may be about, other than the events. */
const doubt = check(['SEKOIA_INTAKE_KEY', 'SEKOIA_ENDPOINT', 'SEKOIA_URL']);
/** How many answers in a row may account for none of the events. */
const shortAnswers = 3;

function sekoiaSink(values: Values, tools: SinkTools): Sink {
  const base = sinkBase('SEKOIA_URL', values['SEKOIA_URL'], /\/(?:plain\/batch|plain|jsons|batch|array)$/);
  const key = values['SEKOIA_INTAKE_KEY'];
  const endpoint = values['SEKOIA_ENDPOINT'];
  const route = sekoiaRoute(endpoint, key);
  const credentials = keyAs(values['SEKOIA_KEY_AS'], endpoint, route.keyInBody, key);
  const url = `${base}${route.path}`;
  const who = `sekoia at ${new URL(base).origin}`;
  const http = tools.http(base);
  const records = route.single ? 1 : 1000;
  const told = `${largestEvent} bytes that the intake takes`;
  const uploads = upload(http, who, { records, bytes: largestBatch, record: largestEncoded, told });
  /** How many answers in a row did not account for the events. */
  let short = 0;
  /** Whether some events got an ID and others did not: then it is due to the events. */
  let isChoosy = false;

  async function send(batch: Batch): Promise<Reply> {
    const refusal = oversize(batch, largestEvent, route.eventBytes, 'the intake');
    if (refusal !== undefined) return refusal;
    const headers = { ...credentials.headers, ...route.headers(batch), 'content-type': route.contentType };
    const load = { count: batch.count, body: route.enclose(batch.body) };
    const { reply, text, verdict } = await uploads.post(url + credentials.query, headers, load);
    if (verdict !== undefined) return verdict;
    if (isSuccessful(reply.status)) return read(text, batch.count);
    const refused = sekoiaRefusal(reply.status, text);
    // In halves, which take few requests to show that an intake refuses every event: it limits their rate.
    if (refused !== undefined) return { split: refused, tooLarge: true, doubt };
    throw failure(reply, text);
  }

  /**
   * Every event needs an ID: an answer with fewer IDs does not say which events were taken. One without any may have other
   * reasons, and alone sets nothing aside.
   */
  function read(text: string, count: number): Reply {
    const answer = objectOrNothing(text);
    if (answer === undefined) throw noIntake();
    const said = sekoiaReply(answer, count);
    if (typeof said === 'object') {
      short = 0;
      isChoosy ||= route.single;
      return { outcomes: said };
    }
    short += 1;
    isChoosy ||= said === 'some';
    // What is left out is found by halving, not by the search for a poison record: that repeats events less often.
    if (isChoosy && (said === 'some' || (said === 'none' && short >= shortAnswers))) {
      return { split: 'the intake gave it no ID', tooLarge: true, repeats: true };
    }
    throw new Problem(
      exit.unavailable,
      `${who} did not confirm ${count === 1 ? 'the event' : `each of ${count} events`}`,
      {
        hint: [nextRun('the next run sends them again'), 'see https://status.sekoia.io if this lasts'],
        ...(short < shortAnswers && { again: {} }),
      },
    );
  }

  /** Sent without the key: no request would show whether it is good without delivering something. */
  async function probe(): Promise<string> {
    const reply = await http.send({ method: 'GET', url });
    const text = await reply.text();
    if (reply.status >= 500 || reply.status === 404) throw failure(reply, text);
    if (reply.status < 300 && objectOrNothing(text) === undefined) throw noIntake();
    return 'it answers; the key is proven by the first delivery';
  }

  function noIntake(): Problem {
    return strangeAnswer(who, 'did not answer as an intake', 'SEKOIA_URL');
  }

  function failure(reply: HttpReply, text: string): Problem {
    const said = serverTextOf(objectOf(text)?.['message']);
    const asked = { who, what: 'the events', hint: check(['SEKOIA_INTAKE_KEY']), said };
    const problem = httpProblem(reply, asked, tools.now());
    if (problem.again !== undefined || problem.status === exit.noperm || reply.status >= 500) return problem;
    return problem.with({
      status: exit.config,
      hint: ofSettings(
        ['SEKOIA_URL', 'SEKOIA_INTAKE_KEY'],
        (where) => `check SEKOIA_URL (the address of your region) and SEKOIA_INTAKE_KEY${where}`,
      ),
    });
  }

  return {
    name: 'sekoia',
    scope: url,
    limits: uploads.limits,
    inFlight: 1,
    repeats: 'visible',
    encode: route.encode,
    probe,
    send,
    close: uploads.close,
  };
}
