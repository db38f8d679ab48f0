/** Whose credentials they are, and which settings hold them. */
import type { SourceDefinition } from '../../definition.ts';
import { listed } from '../../text/listed.ts';

/** A source, or a destination that takes tokens. */
export type CredentialOwner = Pick<SourceDefinition, 'name' | 'auth' | 'headers' | 'reply'> & {
  readonly settings: Readonly<Record<string, unknown>>;
};

/** `check ACME_USERNAME and ACME_PASSWORD`: the settings that the authentication uses, and `others`. */
export function credentialsHint({ auth, headers, settings }: CredentialOwner, others: readonly string[] = []): string {
  const text = JSON.stringify([auth, headers]);
  const used = Object.keys(settings).filter((name) => text.includes(`{${name}}`) || others.includes(name));
  return used.length === 0 ? 'check the credentials' : `check ${listed(used)}`;
}
