/** What the text of a setting must look like. */
import { durationOf } from '../core/clock/duration.ts';
import { pasted } from '../core/text/pasted.ts';
import { truthOf } from '../core/truth.ts';
import type { Setting } from '../core/setting.ts';

interface Kind {
  readonly expects: string;
  holds(text: string): boolean;
}

const kinds: Readonly<Record<NonNullable<Setting['kind']>, Kind>> = {
  text: { expects: 'a text', holds: () => true },
  url: { expects: 'an http:// or https:// URL without user name and password', holds: isPlainUrl },
  flag: { expects: 'true or false', holds: (text) => truthOf(text) !== undefined },
  integer: { expects: 'a whole number', holds: (text) => /^\d{1,15}$/.test(text) },
  path: {
    expects: 'a path (./- is a file of that name; standard output is the sink stdout)',
    holds: (text) => text !== '-',
  },
  duration: { expects: 'a duration such as 65m, 7d or 1h30m', holds: (text) => durationOf(text) !== undefined },
};

/** What the setting expects, when the text is something else; otherwise undefined. */
export function wrongKind(setting: Setting, text: string): string | undefined {
  if (text.includes('\ufffd')) return 'in UTF-8'; // what stands where bytes could not be read
  if (setting.values !== undefined && !setting.values.includes(text)) return `one of ${setting.values.join(', ')}`;
  const kind = kinds[setting.kind ?? 'text'];
  return kind.holds(text) ? undefined : kind.expects;
}

function isPlainUrl(text: string): boolean {
  const address = text.replace(/'$/, ''); // with which a query may end
  if (/\s/.test(text) || pasted(address) !== undefined || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
