/** Every destination on loopback, and what each has taken. */
import { Buffer } from 'node:buffer';
import { fakeDatadog } from '../support/sinks/datadog.ts';
import { fakeElastic } from '../support/sinks/elastic.ts';
import { fakeOtlp } from '../support/sinks/otlp.ts';
import { fakeSecops, secopsKey } from '../support/sinks/secops.ts';
import { fakeSekoia } from '../support/sinks/sekoia.ts';
import { fakeSentinel } from '../support/sinks/sentinel.ts';
import { fakeSplunk } from '../support/sinks/splunk.ts';
import { fakeSyslog } from '../support/sinks/syslog.ts';
import { fakeWebhook } from '../support/sinks/webhook.ts';
import { certificateAuthority } from '../support/certificates.ts';

export const sinkNames = ['elastic', 'splunk', 'sekoia', 'datadog', 'sentinel', 'secops', 'otlp', 'webhook', 'syslog'];

export interface Destinations {
  /** What an env file needs instead of the address of the real one; by the name of the setting. */
  readonly settings: Readonly<Record<string, string>>;
  /** The root certificate of the syslog receiver: a PEM file. */
  readonly certificateFile: string;
  /** What a destination has taken since it was asked last, one text a record. */
  taken(sink: string): string[];
  close(): Promise<void>;
}

/** The keys by the file that an example reads them from. */
export const destinationSecrets: Readonly<Record<string, string>> = {
  'elastic-key': 'ZWxhc3RpYzp0ZXN0LWtleQ==',
  'splunk-token': 'splunk-test-token',
  'sekoia-key': 'sekoia-test-key',
  'datadog-key': 'datadog-test-key',
  'sentinel-secret': 'sentinel-test-secret',
  'secops-key.pem': secopsKey,
  'otlp-headers': 'api-key: otlp-test-key',
  'webhook-secret': `whsec_${Buffer.from('a signing key of 32 bytes, a test').toString('base64')}`,
};

export async function startDestinations(): Promise<Destinations> {
  const secret = (name: string): string => destinationSecrets[name] ?? '';
  const authority = certificateAuthority();
  const elastic = await fakeElastic({ authorization: `ApiKey ${secret('elastic-key')}` });
  const splunk = await fakeSplunk({ token: secret('splunk-token') });
  const sekoia = await fakeSekoia({ key: secret('sekoia-key') });
  const datadog = await fakeDatadog(secret('datadog-key'));
  const sentinel = await fakeSentinel(secret('sentinel-secret'));
  const secops = await fakeSecops();
  const otlp = await fakeOtlp('otlp-test-key');
  const webhook = await fakeWebhook({
    path: '/audit',
    key: Buffer.from(secret('webhook-secret').replace('whsec_', ''), 'base64'),
    now: Date.now,
  });
  const syslog = await fakeSyslog(authority.issue());

  const all: Readonly<Record<string, () => string[]>> = {
    // What was sent, not what is there: a repeat would not be seen in the index.
    elastic: () => elastic.bulks().flatMap(({ body }) => body.split('\n').filter((_, line) => line % 2 === 1)),
    splunk: () => splunk.lines,
    sekoia: () => sekoia.lines,
    datadog: () => datadog.logs.map(({ message }) => message),
    sentinel: () => sentinel.rows.map(({ RawData }) => RawData),
    secops: () => secops.logs.map(({ data }) => Buffer.from(data, 'base64').toString()),
    otlp: () => otlp.records.map(({ body }) => body),
    webhook: () => webhook.records,
    syslog: () => [...syslog.messages.map(({ text }) => text), ...syslog.faults],
  };
  const before = new Map<string, number>();

  return {
    settings: {
      ELASTIC_URL: elastic.url,
      SPLUNK_URL: splunk.url,
      SEKOIA_URL: sekoia.url,
      DATADOG_URL: datadog.url,
      SENTINEL_URL: sentinel.url,
      SENTINEL_LOGIN_URL: sentinel.url,
      SECOPS_URL: secops.url,
      SECOPS_TOKEN_URL: `${secops.url}/token`,
      OTLP_URL: otlp.url,
      WEBHOOK_URL: `${webhook.url}/audit`,
      SYSLOG_URL: syslog.address,
    },
    certificateFile: authority.certFile,
    taken(sink) {
      const texts = all[sink]?.() ?? [];
      const fresh = texts.slice(before.get(sink) ?? 0);
      before.set(sink, texts.length);
      return fresh;
    },
    async close() {
      const servers = [elastic, splunk, sekoia, datadog, sentinel, secops, otlp, webhook, syslog];
      await Promise.all(servers.map((server) => server.close()));
      authority.remove();
    },
  };
}
