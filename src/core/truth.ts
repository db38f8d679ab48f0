/** What the text of a setting of kind `flag` says; undefined when it says neither yes nor no. */
export function truthOf(text: string | undefined): boolean | undefined {
  const word = text?.toLowerCase() ?? '';
  if (['true', '1', 'yes'].includes(word)) return true;
  return ['false', '0', 'no'].includes(word) ? false : undefined;
}
