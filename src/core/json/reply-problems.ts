/** What is wrong with a reply, whatever was asked for: it was cut off, is not JSON, or is a web page. */
import { atAddress, nextRun } from '../hint.ts';
import { exit, Problem, type ProblemOptions } from '../problem.ts';
import { ascii } from './json.ts';

/** What parses a reply does not know what it answers: a caller that does puts that before the predicate. */
export function ofReply(predicate: string, options: Omit<ProblemOptions, 'predicate'>): Problem {
  return new Problem(exit.protocol, `the reply ${predicate}`, { ...options, predicate });
}

/** The reply ended too early: worth asking again. */
export function cut(where: string): Problem {
  return endedEarly(`was cut off ${where}`);
}

/** The same in other words: `what` became of it. */
export function endedEarly(what: string): Problem {
  return ofReply(what, {
    hint: [nextRun('the next run asks again'), 'if it persists, look at proxies and time limits on the way'],
    again: {},
  });
}

/** The reply breaks the rules of JSON at a place where it cannot be mended. */
export function notJson(what: string): Problem {
  return ofReply(`is not JSON: ${what}`, {
    hint: atAddress((url) => `check ${url}, and what answers there`),
  });
}

/** Throws when the first byte of a body, blanks skipped, shows that it is a web page. */
export function refuseHtml(byte: number | undefined): void {
  if (byte !== ascii.lessThan) return;
  throw ofReply('is HTML, not JSON', {
    hint: atAddress((url) => `check ${url}: a login page or a proxy may have answered`),
  });
}
