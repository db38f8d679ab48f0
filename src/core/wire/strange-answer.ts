/** Answers that no destination of that kind gives: something else is at the address, or on the way there. */
import { check, type Hint } from '../hint.ts';
import { exit, Problem } from '../problem.ts';

/** `how` says what it did instead; `setting` holds the address, or leads to it. It may pass, and so is worth another attempt. */
export function strangeAnswer(who: string, how: string, setting: string): Problem {
  return new Problem(exit.protocol, `${who} ${how}`, { hint: anotherService(setting), again: {} });
}

/** The next step there. */
export function anotherService(setting: string): Hint {
  return check([setting], ': a proxy or another service may be answering there');
}
