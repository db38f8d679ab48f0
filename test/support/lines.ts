/** The lines of what a program printed, without empty ones. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The lines of a text that have ended, empty ones among them: nothing but these was delivered. */
export function endedLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
