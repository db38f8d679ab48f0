/** A fake Chronicle API (logs.import), with Google's token endpoint: limits and answers as their pages tell them. */
import { Buffer } from 'node:buffer';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface SecopsLog {
  readonly data: string;
  readonly logEntryTime: string;
  readonly collectionTime: string;
  readonly environmentNamespace?: string;
}

export interface FakeSecops extends FakeServer {
  readonly logs: SecopsLog[];
  /** How many tokens were granted. */
  readonly tokens: () => number;
  /** The token that is good by now is no longer. */
  revoke(): void;
  /** Whether a log makes the API refuse its request; it is given its text. */
  refuses: ((text: string) => boolean) | undefined;
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The key of the service account. */
export const secopsKey: string = privateKey;
/** One that nobody knows. */
export const strangeKey: string = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

export const secopsPlace = {
  SECOPS_PROJECT: 'audit-project',
  SECOPS_INSTANCE: '00001111-aaaa-2222-bbbb-3333cccc4444',
  SECOPS_REGION: 'eu',
  SECOPS_LOG_TYPE: 'OKTA',
  SECOPS_ACCOUNT: 'audit-export@audit-project.iam.gserviceaccount.com',
} as const;

const parent = `projects/audit-project/locations/eu/instances/${secopsPlace.SECOPS_INSTANCE}`;
const place = new RegExp(`^/v1beta/${parent}/logTypes/[A-Z_]+/logs:import$`);

/** What the body of a request with records has, and a probe's has not. */
export function isSecopsData({ path, body }: Received): boolean {
  return place.test(path) && body.includes('"data":');
}

export async function fakeSecops(): Promise<FakeSecops> {
  const logs: SecopsLog[] = [];
  let count = 0;
  let good = '';

  function grant({ body }: Received): Answer {
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      return { status: 400, body: { error: 'unsupported_grant_type' } };
    }
    const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const signed = Buffer.from(`${head}.${claims}`);
    const isSigned = verify('sha256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'));
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    const isFine =
      said['iss'] === secopsPlace.SECOPS_ACCOUNT &&
      said['aud'] === `${fake.url}/token` &&
      said['scope'] === 'https://www.googleapis.com/auth/cloud-platform';
    if (!isSigned || !isFine) {
      return { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } };
    }
    count += 1;
    good = `token-of-the-account-${count}`;
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, access_token: good } };
  }

  function take({ headers, body, bytes }: Received): Answer {
    if (headers.authorization !== `Bearer ${good}`) return refusal(401, 'UNAUTHENTICATED', 'Invalid credentials.');
    if (headers['content-type'] !== 'application/json') return refusal(400, 'INVALID_ARGUMENT', 'this is no JSON');
    if (bytes > 4_000_000) return refusal(413, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit');
    const { inlineSource } = JSON.parse(body) as { readonly inlineSource: { readonly logs: readonly SecopsLog[] } };
    const sent = inlineSource.logs;
    if (sent.some(isMalformed)) return refusal(400, 'INVALID_ARGUMENT', 'a log is malformed');
    if (sent.some(({ data }) => fake.refuses?.(Buffer.from(data, 'base64').toString()) === true)) {
      return refusal(400, 'INVALID_ARGUMENT', 'a log is not of this type');
    }
    logs.push(...sent);
    return { status: 200, body: {} };
  }

  function answer(received: Received): Answer {
    if (received.method !== 'POST') return { status: 405, body: '' };
    if (received.path === '/token') return grant(received);
    if (!place.test(received.path)) return refusal(404, 'NOT_FOUND', 'no such instance');
    return take(received);
  }

  const fake: FakeSecops = Object.assign(await fakeServer(answer), {
    logs,
    tokens: () => count,
    revoke() {
      good = 'none';
    },
    refuses: undefined,
  });
  return fake;
}

/** All three are required, and a log is collected after it was written. */
function isMalformed({ data, logEntryTime, collectionTime }: SecopsLog): boolean {
  return data === '' || !(Date.parse(collectionTime) > Math.floor(Date.parse(logEntryTime)));
}

function refusal(code: number, status: string, message: string): Answer {
  return { status: code, body: { error: { code, message, status } } };
}
