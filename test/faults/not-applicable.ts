/** Rows of the catalogue that cannot apply to this program, each with the reason. */
export const notApplicable: ReadonlyMap<string, string> = new Map([
  [
    'T10',
    'There are no client certificates: none of the vendors and destinations asks for one, and no setting takes one.',
  ],
]);
