/** Whose credentials they are, and which settings hold them. */
import type { SourceDefinition } from '../../definition.ts';
import { check, type Hint } from '../../hint.ts';

/** A source, or a destination that takes tokens. */
export type CredentialOwner = Pick<SourceDefinition, 'name' | 'auth' | 'headers' | 'reply'> & {
  readonly settings: Readonly<Record<string, unknown>>;
};

/** `check ACME_USERNAME and ACME_PASSWORD`: the settings that the authentication uses, and `others`; `rest` comes after them. */
export function credentialsHint(
  { auth, headers, settings }: CredentialOwner,
  others: readonly string[] = [],
  rest = '',
): Hint {
  const text = JSON.stringify([auth, headers]);
  const used = Object.keys(settings).filter((name) => text.includes(`{${name}}`) || others.includes(name));
  return used.length === 0 ? `check the credentials${rest}` : check(used, rest);
}

/** Whether a login goes by a page that was made for people. */
export function hasForm({ auth }: Pick<SourceDefinition, 'auth'>): boolean {
  return auth.type === 'session' && auth.page !== undefined;
}

/** What such a page says is not shown, because it may quote the credentials. */
export const inBrowser =
  'log in with a browser: the account may be locked, or be asked for a second factor or a new password';

export const otherRun = 'or another run with the same user ended the session';
