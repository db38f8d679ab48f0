/** The signature that a definition describes: whether it depends on a secret, and is sent. */
import type { SourceDefinition } from '../../definition.ts';
import { usesPlaceholder } from '../texts.ts';
import { placeholders } from '../template.ts';

/** What does not fit, as sentences that begin with their place. */
export function* signatureProblems({ auth, settings }: SourceDefinition): Generator<string> {
  if (auth.type !== 'signature') return;
  const { key, basic, headers } = auth;
  const [setting = ''] = placeholders(key);
  if (settings[setting]?.secret !== true)
    yield "auth.key: expected a setting that is secret, such as '{ACME_SECRET_KEY}'";
  const sent =
    usesPlaceholder(headers, 'signature') || (usesPlaceholder(headers, 'basic') && usesPlaceholder(basic, 'signature'));
  if (!sent) yield 'auth.headers: nothing sends {signature}, by itself or as the password of {basic}';
  if (usesPlaceholder(headers, 'basic') && basic === undefined) yield 'auth.basic is missing: {basic} is made of it';
}
