/** HTTP statuses as WEBHOOK_SUCCESS lists them: `200,202` or `200-299`. */
import { exit, Problem } from '../../problem.ts';

/** Whether a status is in the list. Throws Problem 78 for a list that cannot be read, or holds a redirect. */
export function statusList(text: string): (status: number) => boolean {
  const ranges = text.split(',').map((part): readonly [number, number] => {
    const found = /^\s*([2-5]\d\d)(?:\s*-\s*([2-5]\d\d))?\s*$/.exec(part);
    const [from, to] = [Number(found?.[1]), Number(found?.[2] ?? found?.[1])];
    if (found === null || from > to) {
      throw new Problem(exit.config, 'WEBHOOK_SUCCESS is not a list of statuses', {
        hint: 'write WEBHOOK_SUCCESS like 200,202 or 200-299,409',
      });
    }
    if (from < 400 && to >= 300) {
      throw new Problem(exit.config, `WEBHOOK_SUCCESS cannot have redirects in it (3xx): ${part.trim()}`, {
        hint: 'leave 3xx out; where the receiver redirects, set WEBHOOK_URL to the address that this leads to',
      });
    }
    return [from, to];
  });
  return (status) => ranges.some(([from, to]) => status >= from && status <= to);
}
