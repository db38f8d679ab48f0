/** What a source gets of the world, for tests: the real HTTP client, and a clock that only `wait` moves. */
import { restSource } from '../../src/core/rest.ts';
import type { SourceDefinition } from '../../src/core/definition.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { Tools } from '../../src/core/tools.ts';
import type { Ask, AuditRecord, Page, Search, Source } from '../../src/core/types.ts';
import { openHttp } from '../../src/io/http.ts';
import { fakeTools, type FakeTools } from './fake-tools.ts';
import { unheard } from './http-client.ts';

export function sourceTools(start: number = Date.now(), stop: AbortSignal = new AbortController().signal): FakeTools {
  const tools = fakeTools({ now: start }, stop);
  const limits = { timeout: 10_000, until: Infinity, stop };
  const options = { ...limits, now: tools.now, role: 'source', environment: {}, insecure: false } as const;
  return { ...tools, http: (base) => openHttp(base, { ...options, ...unheard }) };
}

export const noSearch: Search = { query: [], rawQuery: undefined, categories: [], limit: undefined, single: false };

export interface Read {
  readonly id: string;
  readonly text: string;
  readonly time: number;
  readonly nanos: number;
}

export function textsOf(records: readonly Read[]): string[] {
  return records.map(({ text }) => text);
}

/** What a pull came to. */
export interface Pulled {
  readonly records: Read[];
  readonly pages: Page[];
  readonly refused: number;
  readonly unmatched: number;
  readonly bookmark: string | undefined;
}

/** All time, as far as vendors know it. */
export const always = { from: 0n, until: 4_102_444_800_000_000_000n };

export function ask(part: Partial<Ask> = {}): Ask {
  return { branch: '', slice: always, bookmark: undefined, remembers: () => false, ...part };
}

/** Reads all pages. Throws what a window that is not all there ends with. */
export async function pullAll(source: Source, part: Partial<Ask> = {}): Promise<Pulled> {
  const pages: Page[] = [];
  for await (const page of source.pull(ask(part))) {
    if (page.incomplete !== undefined) throw page.incomplete;
    pages.push(page);
  }
  return {
    pages,
    records: pages.flatMap((page) => page.records.map(readOf)),
    refused: pages.reduce((sum, page) => sum + page.refused.length, 0),
    unmatched: pages.reduce((sum, page) => sum + page.unmatched, 0),
    bookmark: pages.findLast((page) => page.bookmark !== undefined)?.bookmark,
  };
}

/** A source for one pull, closed afterwards. */
export async function pullOnce(
  definition: SourceDefinition,
  values: SettingValues,
  {
    search = {},
    part = {},
    tools = sourceTools(),
  }: { search?: Partial<Search>; part?: Partial<Ask>; tools?: Tools } = {},
): Promise<Pulled & { readonly truncated: boolean }> {
  const source = restSource(definition, values, { ...noSearch, ...search }, tools);
  try {
    return { ...(await pullAll(source, part)), truncated: source.truncated() };
  } finally {
    await source.close();
  }
}

function readOf({ bytes, start, end, key, keyStart, keyEnd, time, nanos }: AuditRecord): Read {
  return { id: key.toString('utf8', keyStart, keyEnd), text: bytes.toString('utf8', start, end), time, nanos };
}
