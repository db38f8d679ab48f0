/** What a command says, handed on line by line, so that a secret cut in two by a pipe is still known. */
import type { Buffer } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';

/** A longer line is handed on in parts. */
const longest = 64 * 1024;

export interface LineWriter {
  write(bytes: Buffer): void;
  /** Hands on the last line, if it has no line break. */
  end(): void;
}

/** `say` is given each line that is not empty, without its line break. */
export function lineWriter(say: (line: string) => void): LineWriter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    write(bytes) {
      const lines = (rest + decoder.write(bytes)).split(/\r?\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') say(line);
      if (rest.length <= longest) return;
      say(rest);
      rest = '';
    },
    end() {
      if (rest !== '') say(rest);
      rest = '';
    },
  };
}
