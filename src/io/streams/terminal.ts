/** Terminals, and the progress line that is redrawn on one. */
import { oneLine } from '../../core/text/shown.ts';
import type { Output } from '../../core/sink-tools.ts';

/** Whether the descriptor is a terminal. node:tty loads streams and sockets, which not every start needs. */
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
  /** Removes the line; the next `show` draws it again, but not within `rest` milliseconds. */
  clear(rest?: number): void;
  /** Removes the line for good: somebody else writes on the terminal now. */
  end(): void;
}

/** Between two drawings, in milliseconds. */
const interval = 100;

/** How long a command behind a pipe may take to print what it was given, in milliseconds. */
const readerTime = 1000;

/** A line at the bottom of the terminal. Nothing is written where there is none, or when it is not wanted. */
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
 * Removes the progress line before records are written: on a terminal they would begin where it is, and so would what a command
 * behind a pipe, such as jq, prints there.
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
