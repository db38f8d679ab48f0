/** Every vendor on loopback, each with records that can be told apart: what the recipes pull from. */
import { createHash } from 'node:crypto';
import { fixture } from '../support/fixture.ts';
import { startCirrus } from '../support/vendors/cirrus.ts';
import type { Vendor } from '../support/vendors/server.ts';
import { startSycope } from '../support/vendors/sycope.ts';
import { startSyncropel } from '../support/vendors/syncropel.ts';
import { startSysdig, type Stream } from '../support/vendors/sysdig.ts';

export const sourceNames = ['cirrus', 'sycope', 'syncropel', 'sysdig-audit', 'sysdig-events', 'sysdig-activity'];

export interface Vendors {
  /** What an env file needs instead of the address of the real one; by the name of the setting. */
  readonly settings: Readonly<Record<string, string>>;
  /** Stores so many records (default 20) of a source, as of the last minutes; returns their texts. */
  add(source: string, count?: number): Promise<string[]>;
  /** The same, without storing them. */
  make(source: string, count?: number): Promise<string[]>;
  close(): Promise<void>;
}

/** The passwords and tokens by the file that an example reads them from. */
export const vendorSecrets: Readonly<Record<string, string>> = {
  'cirrus-secret': 'cirrus-test-secret',
  'sycope-password': 'sycope-test-password',
  'syncropel-token': 'spl_test_sa_token',
  'sysdig-token': 'sysdig-test-token',
};

const files: Readonly<Record<string, string>> = { cirrus: 'events.jsonl', sycope: 'rows.jsonl' };

export async function startVendors(): Promise<Vendors> {
  const cirrus = await startCirrus({
    key: 'the-key',
    secret: vendorSecrets['cirrus-secret'] ?? '',
    orgUrls: ['http://www.example.edu'],
  });
  const sycope = await startSycope({ password: vendorSecrets['sycope-password'] ?? '' });
  const syncropel = await startSyncropel();
  const sysdig = await startSysdig({ tokens: [vendorSecrets['sysdig-token'] ?? ''] });
  const all: readonly Vendor[] = [cirrus, sycope, syncropel, sysdig];
  let serial = 0;

  async function make(source: string, count = 20): Promise<string[]> {
    const templates = await fixture(source, files[source] ?? 'records.jsonl');
    return Array.from({ length: count }, (_, number) => {
      serial += 1;
      return filled(source, templates[number % templates.length] ?? '', serial, Date.now() - 60_000 - number * 1000);
    });
  }

  return {
    settings: {
      CIRRUS_URL: cirrus.url,
      SYCOPE_URL: sycope.url,
      SYNCROPEL_URL: syncropel.origin,
      SYSDIG_URL: sysdig.origin,
    },
    make,
    async add(source, count = 20) {
      const texts = await make(source, count);
      if (source === 'cirrus') cirrus.add(texts);
      else if (source === 'sycope') sycope.add(...texts);
      else if (source === 'syncropel') syncropel.add(texts, { at: Date.now() - 60_000 });
      else sysdig.add(source.replace('sysdig-', '') as Stream, ...texts);
      return texts;
    },
    async close() {
      await Promise.all(all.map((vendor) => vendor.close()));
    },
  };
}

/** A template of the fixtures as a record with an ID of its own; `time` is in milliseconds. */
function filled(source: string, template: string, serial: number, time: number): string {
  const id = createHash('sha256').update(`${source} ${serial}`).digest('hex').slice(0, 32);
  return template
    .replace('"ID"', `"${id}"`)
    .replace('"CURSOR"', `"c${serial}"`)
    .replace('CLOCK', String(serial))
    .replace('"TIME"', `"${new Date(time).toISOString()}"`)
    .replace(/"correlationId":"\w+"/, `"correlationId":"${id}"`) // Cirrus has no IDs
    .replaceAll('TIMESTAMP', source === 'sycope' ? String(time) : `${time}456789`);
}
