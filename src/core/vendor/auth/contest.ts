/** Two runs that log in as the same user and end each other's sessions. */

/** How many sessions in a row may end soon after they began, and how soon that is, in milliseconds. */
const briefInARow = 5;
const briefly = 60_000;

/**
 * To be asked whenever a session has ended: true when too many have ended in a row. Otherwise two such runs would log in
 * anew for every page, each ending the other's session.
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
