/** JSON texts as vendors may write them: any spacing, any spelling of strings and numbers, duplicate keys. */
import fc from 'fast-check';

const blank = fc.constantFrom('', '', '', '', ' ', '\n  ', '\r\n\t', '  ', '\t');

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'id', 'x', '{', '}', '[', ']', ',', ':', '/', ' ') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\\"', '\\\\', '\\/', '\\n', '\\u0000', '\\u00e9', '\\ud800', '\\uD83D\\uDE00'),
  },
  { weight: 2, arbitrary: fc.constantFrom('é', '\u2028', '漢', '😀', '\u007f') },
);
const stringText = fc.array(character, { maxLength: 8 }).map((parts) => `"${parts.join('')}"`);

/** Node 24.21 and 26.10 read a key that is nothing but one escape as a backslash, once they are warm: no measure. */
const loneEscape = Number(process.versions.node.split('.')[0]) < 24 ? ['"\\u0061"'] : [];

/** Few names, so that duplicates happen, some of them spelled with escapes. */
export const keyText = fc.oneof(
  fc.constantFrom('"id"', '"a"', '"b"', '"\\u0069d"', '"__proto__"', '"constructor"', '""', ...loneEscape),
  stringText,
);

const numberText = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1.10',
    '1e400',
    '-1E+5',
    '1606322948648718268',
    '0.1234567890123456789',
    '18446744073709551616',
  ),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);

const scalarText = fc.oneof(stringText, numberText, fc.constantFrom('true', 'false', 'null'));

function joined(parts: readonly string[], blanks: readonly string[]): string {
  return parts.map((part, at) => (blanks[2 * at] ?? '') + part + (blanks[2 * at + 1] ?? '')).join(',');
}

const { value, object } = fc.letrec<{ value: string; object: string; array: string; member: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalarText, tie('object'), tie('array')),
  member: fc
    .tuple(keyText, blank, blank, tie('value'))
    .map(([key, before, after, text]) => key + before + ':' + after + text),
  object: fc
    .tuple(fc.array(tie('member'), { maxLength: 6 }), fc.array(blank, { maxLength: 12 }), blank)
    .map(([members, blanks, empty]) => `{${members.length === 0 ? empty : joined(members, blanks)}}`),
  array: fc
    .tuple(fc.array(tie('value'), { maxLength: 5 }), fc.array(blank, { maxLength: 10 }), blank)
    .map(([values, blanks, empty]) => `[${values.length === 0 ? empty : joined(values, blanks)}]`),
}));

/** Any JSON value as text. */
export const valueText = value;

/** A JSON object as text. */
export const objectText = object;

/** A change to a text: bytes flipped, deleted, inserted. */
export interface Change {
  readonly at: number;
  readonly kind: 'flip' | 'delete' | 'insert';
  readonly byte: number;
}

const interesting = fc.constantFrom(...Buffer.from('{}[]",:\\/u0123eE+-.tfn \n\r\t\u0000\u001f'), 0x80, 0xc3, 0xff);

export const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(1_000_000),
  kind: fc.constantFrom('flip', 'delete', 'insert'),
  byte: interesting,
});

/** The text with the changes made. */
export function changed(text: Buffer, changes: readonly Change[]): Buffer {
  let bytes = [...text];
  for (const { at, kind, byte } of changes) {
    const place = bytes.length === 0 ? 0 : at % bytes.length;
    if (kind === 'flip') bytes[place] = byte;
    else bytes.splice(place, kind === 'delete' ? 1 : 0, ...(kind === 'insert' ? [byte] : []));
  }
  return Buffer.from(bytes);
}
