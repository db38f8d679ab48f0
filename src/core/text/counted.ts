/** `1 record`, `2 records`. */
export function counted(records: number): string {
  return records === 1 ? '1 record' : `${records} records`;
}
