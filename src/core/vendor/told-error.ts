/** Errors that a vendor reports in the body of a reply, whatever its HTTP status. */
import { inDefinition, ofPosition, type Hint } from '../hint.ts';
import type { SourceDefinition } from '../definition.ts';
import { gone, notFound } from '../http-status.ts';
import { exit, Problem } from '../problem.ts';
import { askedBy } from './asked-by.ts';
import type { Question } from './vendor-client.ts';
import { passingIn } from './refusal.ts';
import { tellsGone, tellsInvalid } from './gone.ts';
import { accessHint, cursorHint } from './refusal-hint.ts';
import { valueAt } from '../json/value-at.ts';
import { saying, tellsError, tellsExpired } from './reply.ts';

/** Throws the Problem of a parsed reply that reports an error. */
export function refuseToldError(definition: SourceDefinition, value: unknown, question: Question): void {
  const { what, values } = question;
  if (tellsExpired(definition, value)) {
    throw new Problem(exit.noperm, `${definition.name} refused ${what}${saying(definition, value)}`, {
      hint: accessHint(definition, 401, values),
      httpStatus: 401,
    });
  }
  const passing = passingIn(definition, what, value);
  if (passing !== undefined) throw passing;
  const invalid = tellsInvalid(definition, value);
  if (!invalid && !tellsError(definition, value)) return;
  if (!invalid) refuseSilence(definition, value, what);
  const path = definition.reply?.success?.path;
  const told = path === undefined ? undefined : valueAt(value, path); // often the HTTP status that the reply should have had
  const isGone = tellsGone(definition, question, told, value);
  const status = isGone ? gone : told;
  const hint = accessHint(definition, status, values);
  const refused = hint !== undefined;
  const message = `${definition.name} ${refused ? 'refused' : 'reported an error in'} ${what}${saying(definition, value)}`;
  throw new Problem(refused ? exit.noperm : exit.protocol, message, {
    hint: hint ?? (isGone && question.named === true ? cursorHint(definition) : nextStep(definition, question, told)),
    httpStatus: status === notFound || status === gone ? status : undefined,
  });
}

/** Throws the Problem of a reply with neither the sign of success nor any sign of an error: mostly, the definition expects too much. */
function refuseSilence(definition: SourceDefinition, value: unknown, what: string): void {
  const { success, ...reply } = definition.reply ?? {};
  if (success === undefined || valueAt(value, success.path) !== undefined) return;
  if (saying(definition, value) !== '' || tellsError({ ...definition, reply }, value)) return;
  throw new Problem(
    exit.protocol,
    `${definition.name} does not say that ${what} is a success: nothing at ${success.path}`,
    {
      hint: inDefinition((there) => `where that is no error, add optional: true to reply.success ${there}`),
    },
  );
}

function nextStep(definition: SourceDefinition, question: Question, told: unknown): Hint {
  // A failure of the vendor is not due to what was asked; neither is one on a later page, since the first was accepted.
  const asked = question.later === true || Number(told) >= 500 ? undefined : askedBy(definition, question);
  return asked === undefined
    ? [ofPosition('the position stays'), 'see what the vendor says about this error']
    : [asked, ofPosition('the position stays')];
}
