/** Rows of the catalogue that cannot apply to this program, each with the reason. */
export const notApplicable: ReadonlyMap<string, string> = new Map([
  [
    'T10',
    'There are no client certificates: no setting takes one. Where a server asks for one, a TLS proxy on the same machine presents it.',
  ],
]);
