/** Two runs with the same user that end each other's sessions. */

/** Sessions that may end soon after they began, one after the other; and how soon that is, in milliseconds. */
const briefInARow = 5;
const briefly = 60_000;

/**
 * Tells, at the end of each session, whether it was one too many: where another run with the same user ends each of ours,
 * as we end each of its, both would log in for every page.
 */
export function contest(): (now: number) => boolean {
  let renewals = 0;
  let renewed = -Infinity;
  return (now) => {
    renewals = now - renewed < briefly ? renewals + 1 : 1;
    renewed = now;
    return renewals > briefInARow;
  };
}
