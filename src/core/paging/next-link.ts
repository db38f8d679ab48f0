/** The address of the next page among other links, in the Link header or in a list in the body; and what it asks for. */
import { ofPosition } from '../hint.ts';
import type { EnvelopeTest, RequestDefinition } from '../definition.ts';
import { exit, Problem } from '../problem.ts';
import { quoted } from '../text/shown.ts';
import { holds } from '../definition/answers.ts';
import { parseJson } from '../json/parsed.ts';
import { valueAt } from '../json/value-at.ts';

/** The links of a Link header, and the parameters of one (RFC 8288 section 3): titles may have anything in their quotes. */
const links = /<([^<>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]*))?)*)/g;
const parameter = /;\s*([^\s=;,"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'?([^\s",;']*)))?/g;

/** The target of rel="next", or of another relation, in a Link header, or undefined. Some write it as rel='next'. */
export function nextLink(header: string, wanted = 'next'): string | undefined {
  for (const [, target, parameters = ''] of header.matchAll(links)) {
    const relation = [...parameters.matchAll(parameter)].find(([, name]) => name?.toLowerCase() === 'rel');
    const named = (relation?.[2] ?? relation?.[3] ?? '').toLowerCase().split(/\s+/);
    if (named.includes(wanted.toLowerCase())) return target;
  }
  return undefined;
}

/** The same for a page. Throws Problem 76 when there is no such link, but a part that cannot be read: it may have been that. */
export function nextPageLink(header: string, source: string, relation?: string): string | undefined {
  const target = nextLink(header, relation);
  if (target !== undefined || /^[\s,;]*$/.test(header.replace(links, ''))) return target;
  throw new Problem(exit.protocol, `${source}: not all of the Link header can be read: ${quoted(header)}`, {
    hint: [
      ofPosition('it may name the next page, so the position stays'),
      "check the vendor's API version, and a proxy on the way",
    ],
  });
}

/** Where a list of links is, which of them leads to the next page, and where its address is. */
export interface LinkPlace {
  readonly path: string;
  readonly pick: EnvelopeTest;
  readonly address: string;
}

/**
 * The address of the first link that passes the test; undefined when there is no such link, or null or an empty text
 * instead of its address: that was the last page. Throws Problem 76 when it is not known whether it was.
 */
export function linkInList(envelope: string, { path, pick, address }: LinkPlace, source: string): string | undefined {
  const links = valueAt(parseJson(envelope), path) ?? [];
  if (!Array.isArray(links)) throw noLink(`${source}: ${path} is no list of links`);
  const link: unknown = links.find((each) => holds(pick, each));
  if (link === undefined) return undefined;
  const target = valueAt(link, address);
  if (target === null || target === '') return undefined;
  if (typeof target !== 'string') throw noLink(`${source}: the link to the next page at ${path} has no ${address}`);
  return target;
}

/**
 * How many records an address asks for, by the parameter that has {limit} in the first request; undefined when it does
 * not say so. It may be from a run in which another number was asked for.
 */
export function limitIn(address: string, { query = {} }: RequestDefinition): number | undefined {
  const [name = ''] = Object.entries(query).find(([, text]) => text === '{limit}') ?? [];
  const said = new URL(address).searchParams.get(name) ?? '';
  return /^[1-9]\d*$/.test(said) ? Number(said) : undefined;
}

function noLink(message: string): Problem {
  return new Problem(exit.protocol, message, {
    hint: "check paging.path and paging.address, and the vendor's API version",
  });
}
