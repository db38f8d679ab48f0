/** The text of a position file below its first line, taken up part by part (format.ts). */
import { Buffer } from 'node:buffer';

export interface PositionText {
  /** The document that it begins with; undefined when that does not end. */
  document(): Promise<string | undefined>;
  /** What comes up to the next empty line, in blocks of whole lines, and that line; undefined when there is none. */
  lines(): Promise<Buffer[] | undefined>;
  /** Whether nothing is left. */
  isOver(): Promise<boolean>;
}

const lineBreak = 0x0a;
/** The document ends with the only line that is a brace alone: everything inside is indented. */
const documentEnd = '\n}\n';

/** To be asked for its parts in their order. `chunks` may be cut anywhere. */
export function positionText(chunks: AsyncIterable<Buffer>): PositionText {
  const text = pieces(chunks);
  let rest: Buffer = Buffer.alloc(0);

  return {
    async document() {
      for (;;) {
        const more = await text.next();
        if (more.done === true) return undefined;
        rest = rest.length === 0 ? more.value : Buffer.concat([rest, more.value]);
        const end = rest.indexOf(documentEnd);
        if (end === -1) continue;
        const document = rest.toString('utf8', 0, end + documentEnd.length);
        rest = rest.subarray(end + documentEnd.length);
        return document;
      }
    },
    async lines() {
      const blocks: Buffer[] = [];
      for (;;) {
        const block = rest.indexOf('\n\n'); // the end of the last line, and the empty line
        const end = rest[0] === lineBreak ? 0 : block === -1 ? rest.length : block + 1;
        if (end > 0) blocks.push(rest.subarray(0, end));
        rest = rest.subarray(end);
        if (rest.length > 0) break;
        const more = await text.next();
        if (more.done === true) return undefined;
        rest = more.value;
      }
      rest = rest.subarray(1);
      return blocks;
    },
    async isOver() {
      return rest.length === 0 && (await text.next()).done === true;
    },
  };
}

/** The same bytes, in pieces that end with a line, if the text does. */
async function* pieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let torn: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const first = torn.length === 0 ? 0 : chunk.indexOf(lineBreak) + 1;
    if (first > 0) {
      yield Buffer.concat([torn, chunk.subarray(0, first)]);
      torn = Buffer.alloc(0);
    }
    const last = chunk.lastIndexOf(lineBreak) + 1;
    if (last > first) yield chunk.subarray(first, last);
    if (last < chunk.length)
      torn = torn.length === 0 ? chunk.subarray(last) : Buffer.concat([torn, chunk.subarray(last)]);
  }
  if (torn.length > 0) yield torn;
}
