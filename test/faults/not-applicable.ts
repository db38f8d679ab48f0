/** Rows of the catalogue that cannot apply to this program, each with the reason. */
export const notApplicable: ReadonlyMap<string, string> = new Map([]);
