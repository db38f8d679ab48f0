/** The lines of what a program printed; a line without anything in it is none. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
