/** Microsoft Sentinel (Azure Monitor Logs) by the Logs Ingestion API. */
import { check } from '../core/hint.ts';
import { allKept } from '../core/batch.ts';
import type { OAuthDefinition } from '../core/definition.ts';
import { isSuccessful } from '../core/http-status.ts';
import { exit, Problem } from '../core/problem.ts';
import { httpProblem } from '../core/http-problem.ts';
import { quoted } from '../core/text/shown.ts';
import { accessToken } from '../core/vendor/auth/access-token.ts';
import { withToken } from '../core/wire/with-token.ts';
import { enclosed } from '../core/wire/json-list.ts';
import { oversize } from '../core/wire/oversize.ts';
import { rawBytes, sentinelForm } from '../core/wire/sentinel/form.ts';
import { strangeAnswer } from '../core/wire/strange-answer.ts';
import { apiError } from '../core/wire/api-error.ts';
import { sinkBase } from '../core/wire/sink-base.ts';
import { upload } from '../core/wire/upload.ts';
import type { Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { HttpReply } from '../core/tools.ts';
import type { Batch, Reply, Sink } from '../core/types.ts';

const settings = {
  SENTINEL_URL: {
    summary:
      'Endpoint for logs ingestion, of the data collection rule or of a data collection endpoint, such as https://my-dce-5kyl.eastus-1.ingest.monitor.azure.com',
    kind: 'url',
    required: true,
  },
  SENTINEL_RULE: { summary: 'Immutable ID of the data collection rule, `dcr-…`', required: true },
  SENTINEL_STREAM: { summary: 'Stream of the rule, such as Custom-AuditExport', required: true },
  SENTINEL_API_VERSION: { summary: 'Version of the Logs Ingestion API', default: '2023-01-01' },
  SENTINEL_TENANT: { summary: 'Directory (tenant) ID of the application', required: true },
  SENTINEL_CLIENT_ID: {
    summary: 'Application (client) ID; it needs the role Monitoring Metrics Publisher on the rule',
    required: true,
  },
  SENTINEL_CLIENT_SECRET: { summary: 'Client secret of the application', required: true, secret: true },
  SENTINEL_LOGIN_URL: {
    summary:
      'Where tokens come from; https://login.microsoftonline.us for US government, https://login.chinacloudapi.cn',
    kind: 'url',
    default: 'https://login.microsoftonline.com',
  },
  SENTINEL_SCOPE: {
    summary:
      'What tokens are for; https://monitor.azure.us/.default for US government, https://monitor.azure.cn/.default in China',
    default: 'https://monitor.azure.com/.default',
  },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const sentinel: SinkDefinition = {
  name: 'sentinel',
  summary: 'Microsoft Sentinel, by the Logs Ingestion API of Azure Monitor',
  promise:
    'Azure Monitor has accepted the rows. A batch whose answer was lost is sent again and can be seen twice, with the same RecordId.',
  settings,
  create: sentinelSink,
};

/** The client credentials grant: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
const auth: OAuthDefinition = {
  type: 'oauth2',
  url: '{SENTINEL_LOGIN_URL}/{SENTINEL_TENANT}/oauth2/v2.0/token',
  form: {
    grant_type: 'client_credentials',
    client_id: '{SENTINEL_CLIENT_ID}',
    client_secret: '{SENTINEL_CLIENT_SECRET}',
    scope: '{SENTINEL_SCOPE}',
  },
};

/** One call takes 1 MB, before and after compression. */
const largestBatch = 980_000;
/** Azure Monitor cuts off a longer value (64 KB), and reports success. */
const largestText = 64_000;
/** A row with a text of that size, escaped, has at most this many bytes; anything larger is refused without being held. */
const largestRow = 2 * largestText + 1000;
const json = { 'content-type': 'application/json' };
/** What a refusal may be about, other than the rows. */
const doubt = check(
  ['SENTINEL_RULE', 'SENTINEL_STREAM'],
  ', and that the stream has the columns that the README names',
);
const places = check(['SENTINEL_URL', 'SENTINEL_RULE', 'SENTINEL_STREAM']);
const hints = {
  400: places,
  401: 'check that SENTINEL_SCOPE and SENTINEL_LOGIN_URL belong to the cloud of SENTINEL_URL',
  403: 'check that the application has the role Monitoring Metrics Publisher on the rule; a new role takes half an hour',
  404: places,
};

function sentinelSink(values: Values, tools: SinkTools): Sink {
  const base = sinkBase('SENTINEL_URL', values['SENTINEL_URL'], /\/dataCollectionRules\/.*$/);
  const cloud = { SENTINEL_LOGIN_URL: sinkBase('SENTINEL_LOGIN_URL', values['SENTINEL_LOGIN_URL']) };
  const url = `${base}/dataCollectionRules/${ruleOf(values)}/streams/${encodeURIComponent(values['SENTINEL_STREAM'])}`;
  const address = `${url}?api-version=${encodeURIComponent(values['SENTINEL_API_VERSION'])}`;
  const who = `sentinel at ${new URL(base).origin}`;
  const login = accessToken({ name: 'sentinel', settings, auth }, auth, { ...values, ...cloud }, tools);
  const told = `${largestText} bytes that a column takes`;
  const limits = { records: 5000, bytes: largestBatch, record: largestRow, told };
  const uploads = withToken(upload(tools.http(base), who, limits), login);

  async function send(batch: Batch): Promise<Reply> {
    const refusal = oversize(batch, largestText, rawBytes, 'a column');
    if (refusal !== undefined) return refusal;
    const load = { count: batch.count, body: enclosed(batch.body, '[', ']') };
    const { reply, text, verdict } = await uploads.post(address, json, load);
    if (verdict !== undefined) return verdict;
    if (isSuccessful(reply.status)) {
      if (text.trim() !== '') throw noEndpoint(); // it answers 204
      return { outcomes: allKept(batch) };
    }
    const { code, said } = apiError(text);
    if (reply.status === 400 && said === undefined) throw noEndpoint();
    if (reply.status === 400 && !isAboutRule(code)) return { split: said ?? '', doubt };
    throw failure(reply, 'the records', text);
  }

  /** A request without any row: the API checks the token and the rule before it looks at the body. */
  async function probe(): Promise<string> {
    const { reply, text } = await uploads.ask(address, json, '[]');
    const { code, said } = apiError(text);
    if (isSuccessful(reply.status) && text.trim() === '') return 'it takes the token, and a delivery without rows';
    if (isSuccessful(reply.status) || (reply.status === 400 && said === undefined)) throw noEndpoint();
    if (reply.status !== 400 || isAboutRule(code)) throw failure(reply, 'the token', text);
    return `it takes the token; rule and stream are proven by the first delivery (it says of none: ${said})`;
  }

  function failure(reply: HttpReply, what: string, text: string): Problem {
    const asked = { who, what, hints, said: apiError(text).said };
    const problem = httpProblem(reply, asked, tools.now());
    return reply.status === 400 ? problem.with({ status: exit.config }) : problem;
  }

  function noEndpoint(): Problem {
    return strangeAnswer(who, 'did not answer as the Logs Ingestion API', 'SENTINEL_URL');
  }

  return {
    name: 'sentinel',
    scope: url,
    limits: uploads.limits,
    inFlight: 1,
    repeats: 'visible',
    encode: sentinelForm(tools.sourceName, () => tools.now()),
    probe,
    send,
    close: uploads.close,
  };
}

/** The rule's immutable ID. Throws Problem 78 for anything else, such as its display name. */
function ruleOf(values: Values): string {
  const rule = values['SENTINEL_RULE'];
  if (/^dcr-[0-9a-z]+$/i.test(rule)) return rule;
  throw new Problem(exit.config, `SENTINEL_RULE is not the immutable ID of a data collection rule: ${quoted(rule)}`, {
    hint: 'it looks like dcr-000a00a000a00000a000000aa000a0aa, and stands on the Overview page of the rule as Immutable Id',
  });
}

/** Whether an error is about the rule, the stream or the endpoint, and so the same for all rows. */
function isAboutRule(code: string): boolean {
  return /stream|rule|dcr|endpoint|api-?version/i.test(code);
}
