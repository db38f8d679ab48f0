/**
 * Paths to a member of a JSON document: names with dots between them. A name with a dot, a quote or a blank at its
 * ends is written as a JSON string: `page.next`, `"@odata.nextLink"`, `labels."kubernetes.pod.name"`.
 */

const name = /"(?:[^"\\]|\\.)*"|[^".][^.]*/y;

/** The names of a path, outermost first; [] for the empty path. Throws SyntaxError on a malformed one. */
export function parsePath(path: string): readonly string[] {
  const names: string[] = [];
  let at = 0;
  while (at < path.length) {
    name.lastIndex = at;
    const found = name.exec(path)?.[0];
    if (found === undefined) throw new SyntaxError(`not a path: ${path}`);
    names.push(found.startsWith('"') ? (JSON.parse(found) as string) : found);
    at += found.length;
    if (at === path.length) return names;
    if (path[at] !== '.' || at + 1 === path.length) throw new SyntaxError(`not a path: ${path}`);
    at++;
  }
  return names;
}

/** The longest path without quotes that is read in every way: six names make 32 paths to look for in each record. */
export const mostNames = 6;

/**
 * The paths that a person may mean by one without quotes, whose dots may belong to names: `a.b.c` is also the member
 * `"b.c"` of `a`. One with quotes means itself alone.
 */
export function readingsOf(path: string): readonly (readonly string[])[] {
  const names = parsePath(path);
  if (path.includes('"')) return [names];
  return names.slice(1).reduce<readonly (readonly string[])[]>(
    (readings, name) =>
      readings.flatMap((before) => [
        [...before, name],
        [...before.slice(0, -1), `${before.at(-1)}.${name}`],
      ]),
    [names.slice(0, 1)],
  );
}

/**
 * The path itself; what it would be here if it is written as a JSONPath or JSON pointer (`$.data`, `/data`, `a["b.c"]`);
 * undefined when there is no such path here: a list cannot be looked into (`data[0]`).
 */
export function plainPath(path: string): string | undefined {
  const dotted = path.startsWith('/') ? path.slice(1).replaceAll('/', '.') : path.replace(/^\$(?:\.|$|(?=\[))/, '');
  const plain = dotted.replaceAll(bracketed, namesOnly).replace(/^\.(?=")/, '');
  return looksIntoList(plain) || !isPath(plain) ? undefined : plain;
}

/** A name in quotes as it stands here, or one in brackets, which a shell may have taken the quotes from. */
const bracketed = /"(?:[^"\\]|\\.)*"|\[(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\]"'\d][^\]"']*))\]/g;

function namesOnly(found: string, double?: string, single?: string, bare?: string): string {
  if (!found.startsWith('[')) return found;
  return double === undefined ? `.${JSON.stringify(single ?? bare)}` : `."${double}"`;
}

/** What is wrong with what somebody typed for a path in a record; undefined when it is one. */
export function faultOfPath(typed: string): string | undefined {
  const plain = plainPath(typed);
  if (plain === typed) return undefined;
  const why = looksIntoList(typed) ? ': a list cannot be looked into' : '';
  const advice = plain === undefined || plain === '' ? why : ` (Did you mean ${plain}?)`;
  return `${JSON.stringify(typed)} is not a path in a record${advice}`;
}

function looksIntoList(path: string): boolean {
  return /[[\]]/.test(path.replaceAll(/"(?:[^"\\]|\\.)*"/g, ''));
}

function isPath(path: string): boolean {
  try {
    parsePath(path);
    return true;
  } catch {
    return false;
  }
}
