/**
 * As much of Sysdig's filter language as its API documents show: comparisons of a known field with texts in double
 * quotes, `in` lists, `not`, joined by `and` and `or` (which binds less).
 */

type Value = Readonly<Record<string, unknown>>;
export type Filter = (value: Value) => boolean;

interface Parser {
  /** The next word, if it is this one. */
  take(word: string): boolean;
  next(): string;
  readonly done: boolean;
}

/**
 * The filter. `fields` maps the fields that may be filtered to the path in a record, as a list of names.
 * Throws Error with the vendor's message when the text is none.
 */
export function parseFilter(text: string, fields: Readonly<Record<string, readonly string[]>>): Filter {
  const words = text.match(/"(?:[^"\\]|\\.)*"|[\w.]+|!=|>=|<=|[=><(),]|\S/g) ?? [];
  let at = 0;
  const parser: Parser = {
    take: (word) => words[at] === word && at++ >= 0,
    next: () => words[at++] ?? '',
    get done() {
      return at >= words.length;
    },
  };
  const filter = any(parser, fields);
  if (!parser.done) throw new Error(`invalid filter: unexpected '${parser.next()}'`);
  return filter;
}

type Fields = Parameters<typeof parseFilter>[1];

function any(parser: Parser, fields: Fields): Filter {
  const parts = [all(parser, fields)];
  while (parser.take('or')) parts.push(all(parser, fields));
  return (value) => parts.some((holds) => holds(value));
}

function all(parser: Parser, fields: Fields): Filter {
  const parts = [one(parser, fields)];
  while (parser.take('and')) parts.push(one(parser, fields));
  return (value) => parts.every((holds) => holds(value));
}

function one(parser: Parser, fields: Fields): Filter {
  if (parser.take('not')) {
    const holds = one(parser, fields);
    return (value) => !holds(value);
  }
  const field = parser.next();
  const path = fields[field];
  if (path === undefined) throw new Error(`invalid filter: unknown field '${field}'`);
  const operator = parser.next();
  const wanted = operator === 'in' ? list(parser) : [text(parser)];
  const equal: Filter = (value) => wanted.includes(textAt(value, path) ?? '');
  switch (operator) {
    case '=':
    case 'in':
      return equal;
    case '!=':
      return (value) => !equal(value);
    default:
      throw new Error(`invalid filter: unexpected '${operator}'`);
  }
}

function list(parser: Parser): string[] {
  if (!parser.take('(')) throw new Error("invalid filter: expected '('");
  const texts = [text(parser)];
  while (parser.take(',')) texts.push(text(parser));
  if (!parser.take(')')) throw new Error("invalid filter: expected ')'");
  return texts;
}

function text(parser: Parser): string {
  const word = parser.next();
  if (!/^".*"$/s.test(word)) throw new Error(`invalid filter: expected a quoted value, not '${word}'`);
  return word.slice(1, -1).replace(/\\(.)/gs, '$1');
}

function textAt(value: unknown, path: readonly string[]): string | undefined {
  let found: unknown = value;
  for (const name of path) found = (found as Value | undefined)?.[name];
  return typeof found === 'string' || typeof found === 'number' ? `${found}` : undefined;
}
