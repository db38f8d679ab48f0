/** The OAuth 2 part of a definition: whether a token can be asked for, and is used. */
import type { SourceDefinition } from '../../definition.ts';
import { usesPlaceholder } from '../texts.ts';
import { placeholders } from '../template.ts';

/** What does not fit, as sentences that begin with their place. */
export function* oauthProblems({ auth, settings }: SourceDefinition): Generator<string> {
  if (auth.type !== 'oauth2') return;
  const { form = {}, query = {}, assertion, token } = auth;
  if (form['grant_type'] === undefined && query['grant_type'] === undefined) {
    yield 'auth.form.grant_type is missing: expected one such as client_credentials';
  }
  if (token?.headers !== undefined && !usesPlaceholder(token.headers, 'token'))
    yield 'auth.token.headers: nothing uses {token}';
  const sent = usesPlaceholder({ form, query }, 'assertion');
  if (assertion === undefined) {
    if (sent) yield 'auth.assertion is missing: {assertion} needs a key, an algorithm and claims';
    return;
  }
  if (!sent) yield 'auth.assertion: nothing uses {assertion}; auth.form sends it';
  const [setting = ''] = placeholders(assertion.key);
  if (assertion.key !== `{${setting}}`) {
    yield "auth.assertion.key: expected the setting that has it, such as '{ACME_PRIVATE_KEY}'";
  }
  if (settings[setting]?.secret !== true) yield `settings.${setting}: expected secret: true, because it is a key`;
  if (assertion.algorithm !== 'HS256' && settings[setting]?.lines !== true) {
    yield `settings.${setting}: expected lines: true, because a key in PEM form has several`;
  }
}
