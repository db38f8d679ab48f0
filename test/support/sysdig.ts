/** What the tests of the three Sysdig logs have in common. */
import type { SourceDefinition } from '../../src/core/definition.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import { conforms } from './conformance.ts';
import { runsFromCron, type CronCase } from './cron.ts';
import { fixture } from './fixture.ts';
import { startSysdig, type Stream, type Sysdig, type SysdigOptions } from './vendors/sysdig.ts';

export const start = 1_795_132_800_000; // 2026-11-20T00:00:00Z

/** The hour before it. */
export const hour = { from: BigInt(start - 3_600_000) * 1_000_000n, until: BigInt(start) * 1_000_000n };

/** The fixture's records, again and again with other IDs, a second apart, newest first. */
export async function sysdigRecords(source: string, count: number, newest = start - 1000): Promise<string[]> {
  const recorded = await fixture(source, 'records.jsonl');
  return Array.from({ length: count }, (_, number) =>
    written(recorded[number % recorded.length] ?? '', newest - number * 1000, number),
  );
}

function written(template: string, time: number, number: number): string {
  const id = `17a1${time.toString(16).padStart(12, '0')}${number.toString(16).padStart(16, '0')}`;
  return template
    .replace('"ID"', `"${id}"`)
    .replace('"CURSOR"', `"c${number}"`)
    .replaceAll('TIMESTAMP', `${time}456789`);
}

export async function startedSysdig(source: string, stream: Stream, count = 25, options: SysdigOptions = {}) {
  const vendor = await startSysdig({ now: () => start, ...options });
  const texts = await sysdigRecords(source, count);
  vendor.add(stream, ...texts);
  return { vendor, texts, values: sysdigValues(vendor) };
}

export function sysdigValues({ origin }: Sysdig): SettingValues {
  return { SYSDIG_URL: origin, SYSDIG_TOKEN: 'token' };
}

/** The query of each request. */
export function asked({ requests, origin }: Sysdig): URLSearchParams[] {
  return requests.map(({ target }) => new URL(target, origin).searchParams);
}

export function sysdigConforms(definition: SourceDefinition, stream: Stream): void {
  const { name } = definition;
  conforms(name, {
    definition,
    secret: 'SYSDIG_TOKEN',
    limit: 10,
    async start() {
      const { vendor, texts, values } = await startedSysdig(name, stream);
      const times = texts.map((_, number) => start - 1000 - number * 1000);
      return { vendor, texts, values, times, part: { slice: hour }, asksRecords: () => true };
    },
  });
}

export function sysdigRunsFromCron(
  name: string,
  stream: Stream,
  search: Pick<CronCase, 'query' | 'matches' | 'categories'>,
): void {
  runsFromCron(name, 14, {
    ...search,
    secret: 'SYSDIG_TOKEN',
    async start() {
      const vendor = await startSysdig();
      const recorded = await fixture(name, 'records.jsonl');
      let number = 0;
      return {
        vendor,
        environment: sysdigValues(vendor),
        add(ago) {
          const texts = recorded.map((template) => written(template, Date.now() - ago, number++));
          vendor.add(stream, ...texts);
          return texts;
        },
        windowOf({ target }) {
          const { searchParams } = new URL(target, vendor.origin);
          const [from, to] = [searchParams.get('from'), searchParams.get('to')];
          return from === null || to === null ? undefined : [BigInt(from), BigInt(to)];
        },
      };
    },
  });
}
