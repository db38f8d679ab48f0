/**
 * As much of Sycope's query language as its published scripts use:
 * `src stream="x" | [where] a = "b" and c != 1 | sort f asc|desc | limit n`.
 */

export interface Row {
  /** JSON, as it is to be sent. */
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface Query {
  readonly stream: string;
  run(rows: readonly Row[]): Row[];
}

/** Throws Error with the vendor's message when the text is not a query. */
export function parseNql(text: string): Query {
  const [source = '', ...rest] = stages(text);
  const stream = /^src\s+stream\s*=\s*"([^"]*)"$/.exec(source)?.[1];
  if (stream === undefined) throw new Error(`Syntax error near '${source}'`);
  const steps = rest.map(step);
  return { stream, run: (rows) => steps.reduce<Row[]>((list, apply) => apply(list), [...rows]) };
}

function step(text: string): (rows: Row[]) => Row[] {
  const sort = /^sort\s+([\w.]+)(?:\s+(asc|desc))?$/.exec(text);
  if (sort) {
    const direction = sort[2] === 'desc' ? -1 : 1;
    return (rows) => rows.toSorted((a, b) => direction * compare(a.value[sort[1] ?? ''], b.value[sort[1] ?? '']));
  }
  const limit = /^limit\s+(\d+)$/.exec(text);
  if (limit) return (rows) => rows.slice(0, Number(limit[1]));
  const tests = text
    .replace(/^where\s+/, '')
    .split(/\s+and\s+(?=(?:[^"]|"(?:[^"\\]|\\.)*")*$)/)
    .map(condition);
  return (rows) => rows.filter((row) => tests.every((holds) => holds(row.value)));
}

function condition(text: string): (value: Readonly<Record<string, unknown>>) => boolean {
  const match = /^([\w.]+)\s*(!?=)\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false)$/.exec(text.trim());
  if (!match) throw new Error(`Syntax error near '${text}'`);
  const wanted: unknown = JSON.parse(match[3] ?? 'null');
  return (value) => (value[match[1] ?? ''] === wanted) === (match[2] === '=');
}

/** Splits at the bars that are not inside quotes. */
function stages(text: string): string[] {
  return (text.match(/(?:[^"|]|"(?:[^"\\]|\\.)*")+/g) ?? []).map((stage) => stage.trim());
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
