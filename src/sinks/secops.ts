/** Google SecOps (Chronicle) by logs.import of the Chronicle API. */
import { check, ofSettings } from '../core/hint.ts';
import { listed } from '../core/text/listed.ts';
import { allKept } from '../core/batch.ts';
import type { OAuthDefinition } from '../core/definition.ts';
import { isSuccessful } from '../core/http-status.ts';
import { objectOf } from '../core/json/parsed.ts';
import { exit, Problem } from '../core/problem.ts';
import { httpProblem } from '../core/http-problem.ts';
import { quoted } from '../core/text/shown.ts';
import { accessToken } from '../core/vendor/auth/access-token.ts';
import { withToken } from '../core/wire/with-token.ts';
import { enclosed } from '../core/wire/json-list.ts';
import { secopsForm } from '../core/wire/secops/form.ts';
import { strangeAnswer } from '../core/wire/strange-answer.ts';
import { apiError } from '../core/wire/api-error.ts';
import { sinkBase } from '../core/wire/sink-base.ts';
import { upload } from '../core/wire/upload.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { HttpReply } from '../core/tools.ts';
import type { Batch, Reply, Sink } from '../core/types.ts';

const settings = {
  SECOPS_PROJECT: { summary: 'Google Cloud project that the instance belongs to', required: true },
  SECOPS_INSTANCE: { summary: 'Customer ID of the instance, a GUID', required: true },
  SECOPS_REGION: { summary: 'Location of the instance, such as us, eu or asia-southeast1', default: 'us' },
  SECOPS_LOG_TYPE: { summary: 'Log type, such as OKTA: it says which parser reads the records', required: true },
  SECOPS_NAMESPACE: { summary: 'Namespace that the logs are tagged with' },
  SECOPS_ACCOUNT: {
    summary: 'Email of a service account that has the permission chronicle.logs.import',
    required: true,
  },
  SECOPS_KEY_ID: { summary: 'ID of its key' },
  SECOPS_PRIVATE_KEY: { summary: 'Its key, in PEM form', secret: true, lines: true, required: true },
  SECOPS_URL: {
    summary: 'Address of the Chronicle API; https://chronicle.REGION.rep.googleapis.com when not set',
    kind: 'url',
  },
  SECOPS_API_VERSION: { summary: 'Version of the Chronicle API', default: 'v1beta' },
  SECOPS_TOKEN_URL: { summary: 'Where tokens come from', kind: 'url', default: 'https://oauth2.googleapis.com/token' },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const secops: SinkDefinition = {
  name: 'secops',
  summary: 'Google SecOps (Chronicle), by the Chronicle API',
  promise:
    'Google has accepted the logs. A batch whose answer was lost is sent again, and its logs are then there twice.',
  settings,
  address: { setting: 'SECOPS_REGION', of: addressOf },
  create: secopsSink,
};

/** https://developers.google.com/identity/protocols/oauth2/service-account#httprest */
const auth: OAuthDefinition = {
  type: 'oauth2',
  url: '{SECOPS_TOKEN_URL}',
  form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: '{assertion}' },
  assertion: {
    key: '{SECOPS_PRIVATE_KEY}',
    algorithm: 'RS256',
    header: { kid: '{SECOPS_KEY_ID}' },
    claims: {
      iss: '{SECOPS_ACCOUNT}',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: '{SECOPS_TOKEN_URL}',
    },
  },
};

const before = '{"inlineSource":{"logs":[';
const after = ']}}';
/** A request takes 4 MB; Google's own scripts stop at this size. */
const largestBatch = 3_950_000 - before.length - after.length;
/** A log of 1 MB, the most that other ways into SecOps take, in base64 and with its times. */
const largestLog = 1_334_000;
const json = { 'content-type': 'application/json' };
/** What a refusal may be about, other than the logs. */
const doubt = check(['SECOPS_LOG_TYPE', 'SECOPS_NAMESPACE', 'SECOPS_INSTANCE']);
const places = ['SECOPS_PROJECT', 'SECOPS_REGION', 'SECOPS_INSTANCE', 'SECOPS_LOG_TYPE'] as const;
const hints = {
  401: check(['SECOPS_ACCOUNT', 'SECOPS_URL']),
  403: ofSettings(
    places,
    (where) => `check that the service account has the permission chronicle.logs.import, and ${listed(places)}${where}`,
  ),
  404: check(places),
};

function secopsSink(values: Values, tools: SinkTools): Sink {
  const region = namedIn(values, 'SECOPS_REGION');
  const base = sinkBase('SECOPS_URL', addressOf(values));
  const parent = `projects/${namedIn(values, 'SECOPS_PROJECT')}/locations/${region}/instances/${namedIn(values, 'SECOPS_INSTANCE')}`;
  const path = `${namedIn(values, 'SECOPS_API_VERSION')}/${parent}/logTypes/${namedIn(values, 'SECOPS_LOG_TYPE')}`;
  const url = `${base}/${path}/logs:import`;
  const who = `secops at ${new URL(base).origin}`;
  const login = accessToken({ name: 'secops', settings, auth }, auth, values, tools);
  const limits = { records: 5000, bytes: largestBatch, record: largestLog };
  // Whether the API takes gzip is not documented.
  const uploads = withToken(upload(tools.http(base), who, limits, { gzip: false }), login);

  async function send(batch: Batch): Promise<Reply> {
    const load = { count: batch.count, body: enclosed(batch.body, before, after) };
    const { reply, text, verdict } = await uploads.post(url, json, load);
    if (verdict !== undefined) return verdict;
    if (isTaken(reply, text)) return { outcomes: allKept(batch) };
    const { said } = apiError(text);
    if (reply.status === 400 && said !== undefined) return { split: said, doubt };
    throw failure(reply, 'the records', text);
  }

  /** A request without any log: the API checks whether the account may import before it looks at the body. */
  async function probe(): Promise<string> {
    const { reply, text } = await uploads.ask(url, json, before + after);
    if (isTaken(reply, text)) return 'it takes the token, and a delivery without logs';
    const { said } = apiError(text);
    if (reply.status !== 400 || said === undefined) throw failure(reply, 'the token', text);
    return `it takes the token; the log type is proven by the first delivery (it says of none: ${said})`;
  }

  /** Whether the logs were taken: the API then answers with an empty object. Throws Problem for another success. */
  function isTaken(reply: HttpReply, text: string): boolean {
    if (!isSuccessful(reply.status)) return false;
    const answer = objectOf(text);
    if (answer === undefined || answer['error'] !== undefined) throw noApi();
    return true;
  }

  function failure(reply: HttpReply, what: string, text: string): Problem {
    if (reply.status === 400) return noApi();
    return httpProblem(reply, { who, what, hints, said: apiError(text).said }, tools.now());
  }

  function noApi(): Problem {
    const setting = values['SECOPS_URL'] === undefined ? 'SECOPS_REGION' : 'SECOPS_URL';
    return strangeAnswer(who, 'did not answer as the Chronicle API', setting);
  }

  return {
    name: 'secops',
    scope: url,
    limits: uploads.limits,
    inFlight: 1,
    repeats: 'visible',
    encode: secopsForm(values['SECOPS_NAMESPACE'], () => tools.now()),
    probe,
    send,
    close: uploads.close,
  };
}

/** SECOPS_URL, or the API of SECOPS_REGION. Throws Problem 78 when that is no region. */
function addressOf(values: Values): string {
  return values['SECOPS_URL'] ?? `https://chronicle.${namedIn(values, 'SECOPS_REGION')}.rep.googleapis.com`;
}

/** A setting that is a part of the address. Throws Problem 78 for a text that would lead to another address. */
function namedIn(values: Values, setting: (typeof places)[number] | 'SECOPS_API_VERSION'): string {
  const name = values[setting];
  if (/^[\w.:-]+$/.test(name) && !/^\.+$/.test(name)) return encodeURIComponent(name);
  throw new Problem(exit.config, `${setting} is not a name: ${quoted(name)}`, {
    hint: `give ${setting} by itself, without slashes and blanks: it is a part of the address`,
  });
}
