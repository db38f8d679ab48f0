/**
 * Whether settings that prove who asks are marked as secret: one that is not would be printed where a vendor quotes it,
 * and handed on to a command. `secret: false` says that anybody may see it.
 */
import type { SourceDefinition } from '../../definition.ts';
import { placeholders } from '../template.ts';
import { textsIn, templatesOf } from '../texts.ts';

/** Names of headers, parameters and members that carry a credential. */
const ofCredential = /authorization|cookie|api[-_]?key|password|passphrase|secret|token/i;

/** Headers that every client sends. */
const ofNobody = /\.(?:accept|accept-\w+|content-type|user-agent)$/i;

/** What does not fit, as sentences that begin with their place. */
export function* secretProblems(definition: SourceDefinition): Generator<string> {
  const { auth, settings } = definition;
  const unmarked = (text: string): readonly string[] =>
    placeholders(text).filter((name) => {
      const setting = settings[name];
      return setting !== undefined && setting.secret === undefined && setting.kind !== 'url';
    });

  for (const [at, text] of templatesOf(definition)) {
    const [name] = isCredential(at, definition) ? unmarked(text) : [];
    if (name !== undefined) {
      yield `settings.${name}: expected secret: true, because ${at} sends it (secret: false, if anybody may see it)`;
    }
  }

  const used = [...textsIn('auth', auth)].filter(([at]) => !at.startsWith('auth.url')).map(([, text]) => text);
  const isProven = used.some((text) => placeholders(text).some((name) => settings[name]?.secret === true));
  const names = [...new Set(used.flatMap(unmarked))];
  if (!isProven && names.length > 0) {
    yield `settings.${names.at(-1)}: expected secret: true, because nothing else that auth sends is secret (secret: false, if anybody may see it)`;
  }
}

/** Credentials that stand in the definition itself, whole and without the scheme before them (`Bearer`). */
export function ownSecrets(definition: SourceDefinition): string[] {
  const own = templatesOf(definition).filter(
    ([at, text]) =>
      (isCredential(at, definition) || at.startsWith('auth.body.')) &&
      placeholders(text).length === 0 &&
      !ofNobody.test(at) &&
      !at.endsWith(`.${text}`), // the name of the member
  );
  return own.flatMap(([, text]) => [text, text.replace(/^[\w-]+ +(?=\S+$)/, '')]);
}

function isCredential(at: string, definition: SourceDefinition): boolean {
  if (/^auth\.(?:page|token)\.cookie$/.test(at)) return false; // what it is called, not what is in it
  return ofCredential.test(at.slice(at.lastIndexOf('.') + 1)) || isProof(at, definition);
}

/** With these two kinds of authentication, every header or parameter listed is a credential. */
function isProof(at: string, { auth: { type } }: SourceDefinition): boolean {
  return (type === 'headers' || type === 'query') && at.startsWith(`auth.${type}.`);
}
