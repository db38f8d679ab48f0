/** A fake Logs Ingestion API of Azure Monitor, with its token endpoint: limits and answers as its pages tell them. */
import { Buffer } from 'node:buffer';
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface SentinelRow {
  readonly TimeGenerated: string;
  readonly RecordSource: string;
  readonly RecordId: string;
  readonly RawData: string;
}

export interface FakeSentinel extends FakeServer {
  readonly rows: SentinelRow[];
  /** How many tokens were granted. */
  readonly tokens: () => number;
  /** The token that is good by now is no longer. */
  revoke(): void;
  /** Whether a row makes the API refuse its request. */
  refuses: ((row: SentinelRow) => boolean) | undefined;
}

export const sentinelPlace = {
  SENTINEL_RULE: 'dcr-000a00a000a00000a000000aa000a0aa',
  SENTINEL_STREAM: 'Custom-AuditExport',
  SENTINEL_TENANT: 'contoso.example',
  SENTINEL_CLIENT_ID: '00001111-aaaa-2222-bbbb-3333cccc4444',
} as const;

const place = `/dataCollectionRules/${sentinelPlace.SENTINEL_RULE}/streams/${sentinelPlace.SENTINEL_STREAM}`;
const columns = ['RawData', 'RecordId', 'RecordSource', 'TimeGenerated'];

export async function fakeSentinel(secret = 'a-long-secret'): Promise<FakeSentinel> {
  const rows: SentinelRow[] = [];
  let count = 0;
  let good = '';

  function grant({ headers, body }: Received): Answer {
    const form = new URLSearchParams(body);
    const asked = {
      type: headers['content-type'],
      grant: form.get('grant_type'),
      scope: form.get('scope'),
      client: form.get('client_id'),
    };
    const expected = {
      type: 'application/x-www-form-urlencoded',
      grant: 'client_credentials',
      scope: 'https://monitor.azure.com/.default',
      client: sentinelPlace.SENTINEL_CLIENT_ID,
    };
    if (JSON.stringify(asked) !== JSON.stringify(expected)) return { status: 400, body: { error: 'invalid_request' } };
    if (form.get('client_secret') !== secret) {
      return {
        status: 401,
        body: { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret' },
      };
    }
    count += 1;
    good = `token-of-the-application-${count}`;
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, access_token: good } };
  }

  function take({ headers, body, bytes }: Received): Answer {
    if (headers.authorization !== `Bearer ${good}`) return refusal(401, 'InvalidToken', 'The token is not valid.');
    if (headers['content-type'] !== 'application/json') return refusal(415, 'UnsupportedMediaType', 'json only');
    if (bytes > 1024 * 1024) return refusal(413, 'ContentLengthLimitExceeded', 'Maximum allowed content length: 1 MB');
    const sent = JSON.parse(body) as SentinelRow[];
    if (sent.length === 0) return { status: 204 };
    if (sent.some((row) => fake.refuses?.(row) === true)) return refusal(400, 'InvalidRequest', 'a row is malformed');
    // What the stream does not declare is dropped, and a long value cut off, in silence.
    rows.push(
      ...sent.map((row) => {
        const kept = Object.entries(row).filter(([name]) => columns.includes(name));
        return Object.fromEntries(
          kept.map(([name, value]) => [name, cutOff(value as string)]),
        ) as unknown as SentinelRow;
      }),
    );
    return { status: 204 };
  }

  function answer(received: Received): Answer {
    if (received.method !== 'POST') return { status: 405, body: '' };
    if (received.path === `/${sentinelPlace.SENTINEL_TENANT}/oauth2/v2.0/token`) return grant(received);
    if (received.path !== place || received.query.get('api-version') !== '2023-01-01') {
      return refusal(404, 'NotFound', 'Data collection rule not found.');
    }
    return take(received);
  }

  const fake: FakeSentinel = Object.assign(await fakeServer(answer), {
    rows,
    tokens: () => count,
    revoke() {
      good = 'none';
    },
    refuses: undefined,
  });
  return fake;
}

function cutOff(value: string): string {
  return Buffer.from(value).subarray(0, 65_536).toString('utf8');
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}
