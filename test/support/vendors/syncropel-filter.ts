/** The filter documents of Syncropel's guide "Query": fields, operators, combinators. */

export type Fields = Readonly<Record<string, unknown>>;
export type Filter = (record: Fields) => boolean;

const columns = ['id', 'thread', 'actor', 'act', 'clock', 'data_type', 'namespace', 'created_at'];

/** Throws Error with the vendor's message when the document is no filter. */
export function parseFilter(document: unknown): Filter {
  const parts = Object.entries(objectOf(document, 'a filter')).map(([name, value]) => part(name, value));
  return (record) => parts.every((holds) => holds(record));
}

function part(name: string, value: unknown): Filter {
  switch (name) {
    case '$and': {
      const all = listOf(value, name).map(parseFilter);
      return (record) => all.every((holds) => holds(record));
    }
    case '$or': {
      const any = listOf(value, name).map(parseFilter);
      return (record) => any.some((holds) => holds(record));
    }
    case '$not': {
      const holds = parseFilter(value);
      return (record) => !holds(record);
    }
    default:
      return field(name, value);
  }
}

function field(name: string, value: unknown): Filter {
  if (!columns.includes(name) && !/^body(\.[\w-]+)+$/.test(name)) throw new Error(`unknown field path: ${name}`);
  const operators = typeof value === 'object' && value !== null ? Object.entries(value) : [['$eq', value] as const];
  if (operators.length === 0) throw new Error(`empty operator document for ${name}`);
  const tests = operators.map(([operator, wanted]) => comparison(operator, wanted));
  return (record) => {
    const found = valueAt(record, name);
    return tests.every((holds) => holds(found));
  };
}

function comparison(operator: string, wanted: unknown): (found: unknown) => boolean {
  switch (operator) {
    case '$eq':
      return (found) => found === wanted;
    case '$ne':
      return (found) => found !== wanted;
    case '$gt':
      return (found) => order(found, wanted) > 0;
    case '$gte':
      return (found) => order(found, wanted) >= 0;
    case '$lt':
      return (found) => order(found, wanted) < 0;
    case '$lte':
      return (found) => order(found, wanted) <= 0;
    case '$in':
      return (found) => listOf(wanted, operator).includes(found);
    case '$nin':
      return (found) => !listOf(wanted, operator).includes(found);
    case '$like':
      return like(String(wanted), 's');
    case '$ilike':
      return like(String(wanted), 'si');
    case '$exists':
      return (found) => (found !== undefined) === wanted;
    default:
      throw new Error(`unknown operator: ${operator}`);
  }
}

/** SQL's LIKE: `%` is any text, `_` any character. */
function like(pattern: string, flags: string): (found: unknown) => boolean {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  const expression = new RegExp(`^${source}$`, flags);
  return (found) => typeof found === 'string' && expression.test(found);
}

/** NaN, which compares false with everything, for values of different types. */
export function order(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return Number.NaN;
}

export function valueAt(record: Fields, name: string): unknown {
  let found: unknown = record;
  for (const each of name.split('.')) found = (found as Fields | null | undefined)?.[each];
  return found;
}

function objectOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${what} must be an object`);
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${what} needs a list`);
}
