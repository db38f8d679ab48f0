/** What is known of a terminal, and the one line of it that is redrawn. */
import { oneLine } from '../../core/text/shown.ts';
import type { Output } from '../../core/types.ts';

/** True when the descriptor is a terminal. node:tty brings streams and sockets along: not every start needs them. */
export function isTerminal(descriptor: number): boolean {
  return process.getBuiltinModule('node:tty').isatty(descriptor);
}

/** Where a person reads: standard error. */
export interface TextOutput {
  readonly isTerminal: boolean;
  /** Width of the terminal in columns. */
  columns(): number;
  /** Writes at once; a reader that is gone is not an error, as there is nobody left to tell. */
  write(text: string): void;
}

export interface ProgressLine {
  /** Redraws the line, at most ten times a second; `text` makes it. */
  show(text: () => string): void;
  /** Takes the line away; the next `show` draws it again, though not within `rest` milliseconds. */
  clear(rest?: number): void;
  /** Takes the line away for good: somebody else writes on the terminal now. */
  end(): void;
}

/** Between two drawings, in milliseconds. */
const interval = 100;

/** How long a command behind a pipe may take to print what it was given, in milliseconds. */
const readerTime = 1000;

/** A line at the bottom of the terminal. Off a terminal, or when not wanted, nothing is written. */
export function progressLine(output: TextOutput, wanted: boolean, now: () => number): ProgressLine {
  let isShown: boolean | undefined; // asked once, and only when there is something to show
  let drawn = false;
  let last = Number.NEGATIVE_INFINITY;
  function clear(rest = 0): void {
    last = Math.max(last, now() + rest - interval);
    if (!drawn) return;
    drawn = false;
    output.write('\r\u001b[K');
  }

  return {
    show(text) {
      isShown ??= wanted && output.isTerminal;
      if (!isShown || now() - last < interval) return;
      last = now();
      drawn = true;
      output.write(`\r\u001b[K${oneLine(text()).slice(0, Math.max(0, output.columns() - 1))}`);
    },
    clear,
    end() {
      clear();
      isShown = false;
    },
  };
}

/**
 * Records on a terminal begin where the progress line stands: it is taken away before them. So does what a command behind
 * a pipe makes of them there, such as jq.
 */
export function besideProgress(output: Output, progress: Pick<ProgressLine, 'clear'>): Output {
  if (output.kind !== 'terminal' && output.kind !== 'pipe') return output;
  const rest = output.kind === 'pipe' ? readerTime : 0;
  return {
    ...output,
    write(bytes) {
      progress.clear(rest);
      return output.write(bytes);
    },
  };
}
