/**
 * The canonical text of a JSON value: equal for two spellings of the same value, different for any other change.
 *
 * Keys are sorted by code unit and the last of duplicate ones counts; there is no space between tokens; strings have
 * one spelling. Numbers keep the spelling they came with, since reading 19 digits or 1e400 would change them.
 */

/** An array or object that is still open. */
interface Open {
  /** Undefined in an array. */
  readonly entries: Map<string, string> | undefined;
  readonly items: string[];
  /** Paths to leave out, as seen from here. */
  readonly without: readonly (readonly string[])[];
  /** The key that the next value belongs to. */
  key: string;
}

/**
 * The canonical text of `json`, one valid JSON text. Entries at the paths `without` are left out; paths lead through
 * objects only. Depth costs memory but no stack. On a text that is not JSON it ends, with an Error or a useless result.
 */
export function canonical(json: string, without: readonly (readonly string[])[]): string {
  const open: Open[] = [];
  let key: string | undefined;

  for (let at = skipSpace(json, 0), end = 0; at < json.length; at = skipSpace(json, end)) {
    end = tokenEnd(json, at);
    const text = json.slice(at, end);
    const inside = open.at(-1);
    if (text === '{' || text === '[') {
      open.push(opened(text, inside));
    } else if (text === '}' || text === ']') {
      open.pop();
      const value = inside === undefined ? undefined : closed(inside);
      if (value === undefined) break;
      const outside = open.at(-1);
      if (outside === undefined) return value;
      add(outside, value);
    } else if (text === ':') {
      if (inside === undefined || key === undefined) break;
      inside.key = key;
      key = undefined;
    } else if (text !== ',') {
      if (inside?.entries !== undefined && key === undefined && json[skipSpace(json, end)] === ':')
        key = text.includes('\\') ? String(JSON.parse(text)) : text.slice(1, -1);
      else if (inside === undefined) return spelled(text);
      else add(inside, spelled(text));
    }
  }
  throw new Error('not JSON');

  function opened(bracket: string, inside: Open | undefined): Open {
    if (bracket === '[') return { entries: undefined, items: [], without: [], key: '' };
    return { entries: new Map(), items: [], without: inside === undefined ? without : below(inside), key: '' };
  }
}

/** The paths that go on in the entry now read. */
function below({ entries, without, key }: Open): readonly (readonly string[])[] {
  if (without.length === 0 || entries === undefined) return [];
  return without.filter((path) => path.length > 1 && path[0] === key).map((path) => path.slice(1));
}

function add(to: Open, value: string): void {
  if (to.entries === undefined) to.items.push(value);
  else if (!to.without.some((path) => path.length === 1 && path[0] === to.key)) to.entries.set(to.key, value);
}

function closed({ entries, items }: Open): string {
  if (entries === undefined) return `[${items.join(',')}]`;
  const sorted = [...entries.keys()].sort(byCodeUnit);
  return `{${sorted.map((key) => `${JSON.stringify(key)}:${entries.get(key)}`).join(',')}}`;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function spelled(token: string): string {
  return token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && json.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** Where the token at `at` ends. Never `at` itself, so that reading gets on whatever the text is. */
function tokenEnd(json: string, at: number): number {
  if (json[at] === '"') return stringEnd(json, at);
  let end = at + 1;
  if (!isMark(json.charCodeAt(at))) while (end < json.length && !isMark(json.charCodeAt(end))) end += 1;
  return end;
}

/** After the quote that an even number of backslashes precedes. No regular expression: those fail on long strings. */
function stringEnd(json: string, at: number): number {
  for (let quote = json.indexOf('"', at + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  throw new Error('not JSON');
}

/** Ends a number or a literal: space, comma, colon, quote, brackets. */
function isMark(code: number): boolean {
  return (
    code <= 0x20 || code === 0x2c || code === 0x3a || code === 0x22 || (code | 0x20) === 0x7b || (code | 0x20) === 0x7d
  );
}
