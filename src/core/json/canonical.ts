/**
 * The canonical text of a JSON value: equal for two spellings of the same value, different for any other change.
 *
 * Keys are sorted by code unit and the last of duplicate ones counts; there is no space between tokens; strings have
 * one spelling. Numbers keep the spelling they came with, since reading 19 digits or 1e400 would change them.
 */

/** An array or object that is still open. */
interface Open {
  /** Key to `"key":value`; undefined in an array. */
  readonly entries: Map<string, string> | undefined;
  /** Of an array: its values so far, with commas. Joined at its end, they would be copied once for each level of depth. */
  items: string | undefined;
  /** Paths to leave out, as seen from here. */
  readonly without: readonly (readonly string[])[];
  /** The key that the next value belongs to, and its spelling; undefined while a key is expected. */
  key: string | undefined;
  spelling: string;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;

/**
 * The canonical text of `json`, one valid JSON text. Entries at the paths `without` are left out; paths lead through
 * objects only. Depth costs memory but no stack. On a text that is not JSON it ends, with an Error or a useless result.
 */
export function canonical(json: string, without: readonly (readonly string[])[]): string {
  const open: Open[] = [];
  let inside: Open | undefined;
  let at = skipSpace(json, 0);

  while (at < json.length) {
    const code = json.charCodeAt(at);
    let value: string | undefined;
    if (isOpening(code)) {
      inside = opened(code === 0x7b, inside === undefined ? without : below(inside));
      open.push(inside);
      at += 1;
    } else if (isClosing(code)) {
      const done = open.pop();
      if (done === undefined) break;
      value = closed(done);
      inside = open.at(-1);
      at += 1;
    } else if (code === comma) {
      at += 1;
    } else {
      const end = code === quote ? stringEnd(json, at) : plainEnd(json, at);
      value = spelled(json.slice(at, end));
      at = end;
      if (inside?.entries !== undefined && inside.key === undefined) {
        at = skipSpace(json, at);
        if (code !== quote || json.charCodeAt(at) !== colon) break;
        inside.key = value.includes('\\') ? String(JSON.parse(value)) : value.slice(1, -1);
        inside.spelling = value;
        value = undefined;
        at += 1;
      }
    }
    if (value !== undefined) {
      if (inside === undefined) return value;
      add(inside, value);
    }
    at = skipSpace(json, at);
  }
  throw new Error('not JSON');
}

function opened(isObject: boolean, without: Open['without']): Open {
  return { entries: isObject ? new Map() : undefined, items: undefined, without, key: undefined, spelling: '' };
}

/** The paths that go on in the entry now read. */
function below({ entries, without, key }: Open): Open['without'] {
  if (without.length === 0 || entries === undefined) return [];
  return without.filter((path) => path.length > 1 && path[0] === key).map((path) => path.slice(1));
}

function add(to: Open, value: string): void {
  const { entries, key } = to;
  if (entries === undefined) {
    to.items = to.items === undefined ? value : `${to.items},${value}`;
  } else if (key !== undefined) {
    const isLeftOut = to.without.some((path) => path.length === 1 && path[0] === key);
    if (!isLeftOut) entries.set(key, `${to.spelling}:${value}`);
    to.key = undefined;
  }
}

function closed({ entries, items }: Open): string {
  if (entries === undefined) return `[${items ?? ''}]`;
  let text = '';
  for (const key of [...entries.keys()].sort()) text += `${text === '' ? '' : ','}${entries.get(key)}`; // by code unit
  return `{${text}}`;
}

function spelled(token: string): string {
  return token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && json.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** After the quote that an even number of backslashes precedes. No regular expression: those fail on long strings. */
function stringEnd(json: string, at: number): number {
  for (let end = json.indexOf('"', at + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  throw new Error('not JSON');
}

/** After a number or a literal. Never `at` itself, so that reading gets on whatever the text is. */
function plainEnd(json: string, at: number): number {
  let end = at + 1;
  while (end < json.length && !isMark(json.charCodeAt(end))) end += 1;
  return end;
}

function isMark(code: number): boolean {
  return code <= 0x20 || code === comma || code === colon || code === quote || isOpening(code) || isClosing(code);
}

/** `[` or `{`, which differ in one bit; so do `]` and `}`. */
function isOpening(code: number): boolean {
  return (code | 0x20) === 0x7b;
}

function isClosing(code: number): boolean {
  return (code | 0x20) === 0x7d;
}
