/** A JWT that is signed here to ask for a token (RFC 7523), as a compact JWS (RFC 7515). */
import { Buffer } from 'node:buffer';
import { constants, createHmac, createPrivateKey, hash, sign, type KeyObject } from 'node:crypto';
import { parseDuration } from '../../clock/duration.ts';
import type { OAuthDefinition } from '../../definition.ts';
import { exit, Problem } from '../../problem.ts';
import { second } from '../../time.ts';
import { fill, fillJson, placeholders, type TemplateValues } from '../../definition/template.ts';
import type { Tools } from '../../tools.ts';

type AssertionDefinition = NonNullable<OAuthDefinition['assertion']>;

/** How far an assertion is dated back, in seconds: one from the future is refused, and clocks differ. */
const age = 60;

/**
 * Signs a new assertion at each call, with a `jti` of its own, because some vendors take each only once. It is dated by the
 * clock of this machine: the vendor's is not known before its first answer. Throws Problem 78 when the key cannot be used.
 */
export function assertionSigner(
  name: string,
  assertion: AssertionDefinition,
  values: TemplateValues,
): (tools: Pick<Tools, 'now' | 'random'>) => string {
  const { algorithm, claims, header = {}, lifetime = '3m' } = assertion;
  const seconds = Number(parseDuration(lifetime, 'auth.assertion.lifetime') / second);
  const signature = signatureBy(name, assertion, values);
  const head = inBase64(JSON.stringify({ typ: 'JWT', ...objectOf(header, values), alg: algorithm }));
  return (tools) => {
    const now = Math.floor(tools.now() / 1000);
    const own = {
      iat: now - age,
      nbf: now - age,
      exp: now + seconds,
      jti: guidFrom(`${tools.now()} ${tools.random()}`),
    };
    const signed = `${head}.${inBase64(JSON.stringify({ ...own, ...objectOf(claims, values) }))}`;
    return `${signed}.${signature(Buffer.from(signed)).toString('base64url')}`;
  };
}

/** What each algorithm of RFC 7518 section 3 needs: the kind of key, and how it signs. */
const algorithms = {
  RS256: { kind: 'rsa', options: {} },
  PS256: {
    kind: 'rsa',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  ES256: { kind: 'ec prime256v1', options: { dsaEncoding: 'ieee-p1363' } },
} as const;

const leastBits = 2048;

function signatureBy(
  name: string,
  { key, algorithm }: AssertionDefinition,
  values: TemplateValues,
): (data: Buffer) => Buffer {
  const text = fill(key, values);
  if (algorithm === 'HS256') return (data) => createHmac('sha256', text).update(data).digest();
  const [setting = ''] = placeholders(key);
  const { kind: needed, options } = algorithms[algorithm];
  const unusable = (why: string): Problem =>
    new Problem(exit.config, `${name}: ${setting} ${why}`, {
      hint: `give ${setting}, or the file that ${setting}_FILE names, the private key that belongs to the client`,
    });
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(text.replaceAll('\\n', '\n')); // how an env file writes line breaks on one line
  } catch {
    throw unusable('is not a private key in PEM form, without a passphrase'); // without the cause, which could quote it
  }
  const { asymmetricKeyType, asymmetricKeyDetails: { namedCurve = '', modulusLength = leastBits } = {} } = privateKey;
  const kind = `${asymmetricKeyType} ${namedCurve}`.trim();
  if (kind !== needed) throw unusable(`is a key of the kind ${kind}; ${algorithm} needs ${needed}`);
  if (modulusLength < leastBits) throw unusable(`has ${modulusLength} bits; ${algorithm} needs ${leastBits} at least`);
  return (data) => sign('sha256', data, { key: privateKey, ...options });
}

function objectOf(templates: AssertionDefinition['claims'], values: TemplateValues): object {
  return fillJson(templates, values) as object; // an object stays one
}

/** In the form of a GUID, which Microsoft asks for. */
function guidFrom(text: string): string {
  const digits = hash('sha256', text);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

function inBase64(text: string): string {
  return Buffer.from(text).toString('base64url');
}
