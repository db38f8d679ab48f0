/** `1 record`, `2 records`; or of something else. */
export function counted(number: number, one = 'record', many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
