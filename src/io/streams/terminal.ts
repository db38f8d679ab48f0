/** What a terminal needs: control characters made visible, and one line that is redrawn. */

// C0, DEL, C1, and the marks that reorder what follows (CVE-2021-42574).
const unsafe = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * The text with control characters as `\u001b`: a vendor's text cannot move the cursor, set the clipboard or hide what
 * follows. Inside a JSON string this spelling means the same character. Tabs and line feeds stay.
 */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for what must be one line: tabs and line feeds are shown too. */
export function oneLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

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
  /** Takes the line away; the next `show` draws it again. */
  clear(): void;
}

/** A line at the bottom of the terminal. Off a terminal, or when not wanted, nothing is written. */
export function progressLine(output: TextOutput, wanted: boolean, now: () => number): ProgressLine {
  let isShown: boolean | undefined; // asked once, and only when there is something to show
  let drawn = false;
  let last = Number.NEGATIVE_INFINITY;
  return {
    show(text) {
      isShown ??= wanted && output.isTerminal;
      if (!isShown || now() - last < 100) return;
      last = now();
      drawn = true;
      output.write(`\r\u001b[K${oneLine(text()).slice(0, Math.max(0, output.columns() - 1))}`);
    },
    clear() {
      if (!drawn) return;
      drawn = false;
      output.write('\r\u001b[K');
    },
  };
}
