/** Why a page cannot be read, as Problems. */
import { atAddress, inDefinition, nextRun } from '../hint.ts';
import type { SourceDefinition } from '../definition.ts';
import { exit, Problem } from '../problem.ts';
import { parsePath } from '../json/path.ts';
import { counted } from '../text/counted.ts';
import { firstOf } from '../text/listed.ts';
import { serverText } from '../text/shown.ts';
import { isObject } from '../json/parsed.ts';
import { saying } from './reply.ts';

/** Names the `reply` in the Problems of the splitter, which knows neither source nor page. */
export function naming<T>(reply: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof Problem) || error.predicate === undefined) throw error;
    throw error.with({ message: `${reply} ${error.predicate}` });
  }
}

/** A page, `what`, whose end nothing proves, and that was different each time it was read. */
export function neverAgree(name: string, what: string): Problem {
  return new Problem(exit.protocol, `${name} ends ${what} with the connection, and no two readings of it agree`, {
    hint: 'have the server, or the proxy before it, say where its replies end: Content-Length, or chunks',
  });
}

/** A page that has fewer records than it says. */
export function fewer(name: string, what: string, stated: number, count: number): Problem {
  return new Problem(exit.protocol, `${name}: ${what} says that it has ${counted(stated)}, and has ${count}`, {
    hint: nextRun('the position stays; the next run asks again'),
    again: {},
  });
}

/** A reply to `what` without a list of records; `value` is what it has instead, parsed. */
export function noRecords(definition: SourceDefinition, value: unknown, what: string): Problem {
  const { name, records } = definition;
  const list = records.path === undefined ? 'is not a list of records' : `has no list of records at ${records.path}`;
  const where = records.format === 'csv' ? 'is empty, without the names of its columns' : list;
  const said = saying(definition, value) || members(value, records.path ?? '');
  return new Problem(exit.protocol, `${name}: the reply to ${what} ${where}${said}`, {
    hint:
      records.path === undefined
        ? atAddress((url) => `check ${url} and the vendor's API version`)
        : inDefinition((there) => `check records.path ${there}, the URL and the vendor's API version`),
  });
}

/** `; it has entries, meta`, or `; it is a list itself`: what is where the path comes to its end, never its values. */
function members(value: unknown, path: string): string {
  const way: string[] = [];
  let found = value;
  for (const name of parsePath(path)) {
    const inner = isObject(found) ? found[name] : undefined;
    if (!isObject(inner) && !Array.isArray(inner)) break;
    way.push(name);
    found = inner;
  }
  if (Array.isArray(found)) return `; ${way.join('.') || 'it'} is a list itself`;
  const names = isObject(found) ? Object.keys(found) : [];
  return names.length === 0 ? '' : `; ${way.join('.') || 'it'} has ${serverText(firstOf(names))}`;
}
