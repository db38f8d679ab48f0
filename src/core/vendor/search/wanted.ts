/** Which records are wanted, by what is at paths in them: what the vendor does not compare is compared here. */
import type { Buffer } from 'node:buffer';
import { mostNames, parsePath, readingsOf } from '../../json/path.ts';
import { exit, Problem } from '../../problem.ts';
import type { SearchedField } from '../../types.ts';
import { matches } from './query.ts';

/** A record is wanted when it has one of the values at one of the paths. */
export interface Wanted extends SearchedField {
  readonly paths: readonly (readonly string[])[];
  readonly values: readonly string[];
}

export interface Matcher {
  /** Paths in a record that are looked at here. */
  readonly paths: readonly (readonly string[])[];
  /** Whether a record is wanted; `spans` holds the values at `paths` from the pair number `offset` on. */
  wants(bytes: Buffer, spans: Int32Array, offset: number): boolean;
  /** What is looked at here and no record has had so far. */
  absent(): readonly SearchedField[];
  /** What is a list or an object in every record that has had it, and is to equal a plain value. */
  nested(): readonly SearchedField[];
}

/** A record is wanted when it matches all of them. */
export function matcher(wanted: readonly Wanted[]): Matcher {
  const absent = new Set(wanted);
  const nested = new Set(wanted.filter(({ values }) => !values.some(isNested)));

  /** Takes out the fields that a record has, and those that are plain there; `spans` holds its values from the pair `at` on. */
  function strikeOut(bytes: Buffer, spans: Int32Array, at: number): void {
    for (const each of wanted) {
      const end = at + each.paths.length;
      for (; at < end; at++) {
        const start = spans[2 * at] ?? -1;
        if (start < 0) continue;
        absent.delete(each);
        if (!opensNested(bytes[start])) nested.delete(each);
      }
    }
  }

  return {
    paths: wanted.flatMap(({ paths }) => paths),
    wants(bytes, spans, offset) {
      if (absent.size > 0 || nested.size > 0) strikeOut(bytes, spans, offset);
      let at = offset;
      for (const { paths, values } of wanted) {
        if (!holdsOne(bytes, spans, at, at + paths.length, values)) return false;
        at += paths.length;
      }
      return true;
    },
    absent: () => [...absent],
    nested: () => [...nested].filter((each) => !absent.has(each)),
  };
}

function isNested(value: string): boolean {
  return opensNested(value.codePointAt(0));
}

function opensNested(character: number | undefined): boolean {
  return character === 0x5b || character === 0x7b; // [ and {
}

/** Whether a value is at one of the places `[from, until)`. */
function holdsOne(bytes: Buffer, spans: Int32Array, from: number, until: number, values: readonly string[]): boolean {
  for (let at = from; at < until; at++) {
    const start = spans[2 * at] ?? -1;
    const end = spans[2 * at + 1] ?? -1;
    if (values.some((value) => matches(bytes, start, end, value))) return true;
  }
  return false;
}

/** What a person may mean by a path. Throws Problem 64 when that is too much. */
export function readings(path: string): Wanted['paths'] {
  const names = parsePath(path);
  if (names.length <= mostNames || path.includes('"')) return readingsOf(path);
  const exact = [...names.slice(0, -1), JSON.stringify(names.at(-1))].join('.');
  throw new Problem(
    exit.usage,
    `--query: ${path} has more than ${mostNames} names, too many to read its dots in every way`,
    {
      hint: `put a name in double quotes, and the path is read as it stands: '${exact}'`,
    },
  );
}
