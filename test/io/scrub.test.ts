import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { oneLine } from '../../src/core/text/shown.ts';
import { scrubber } from '../../src/io/scrub.ts';
import { processorTime } from '../support/processor-time.ts';

test('the path of an address that is a secret does not show, its host does', () => {
  const scrub = scrubber();
  scrub.hide('https://hooks.an-example-host.example/services/T0001/abcdefghijklmnop1234?k=zyxwvutsrqponmlk');
  assert.equal(
    scrub.clean('https://hooks.an-example-host.example failed (POST /services/T0001/abcdefghijklmnop1234)'),
    'https://hooks.an-example-host.example failed (POST [redacted])',
  );
  assert.equal(scrub.clean('no hook abcdefghijklmnop1234'), 'no hook [redacted]');
  assert.equal(scrub.clean('no zyxwvutsrqponmlk'), 'no [redacted]');
});

test('such a path is hidden as a whole, with its query and without, though none of its words is long', () => {
  const scrub = scrubber();
  scrub.hide('https://hooks.example/hooks/catch/123456/s3cr3t7?k=1');
  assert.equal(scrub.clean('Cannot POST /hooks/catch/123456/s3cr3t7'), 'Cannot POST [redacted]');
  assert.equal(
    scrub.clean('/hooks/catch/123456/s3cr3t7?k=1, %2Fhooks%2Fcatch%2F123456%2Fs3cr3t7'),
    '[redacted], [redacted]',
  );
});

test('a path that may be a word of others is left alone, and so is every file of that name', () => {
  const scrub = scrubber();
  scrub.hide('https://hooks.example/audit');
  assert.equal(scrub.clean('chmod 600 /etc/audit-export/job.env'), 'chmod 600 /etc/audit-export/job.env');
});

test('a word in such a path is hidden without its percent signs, too', () => {
  const { hide, clean } = scrubber();
  hide('https://hooks.example/T/a%20long%22secret%2Fword');
  assert.equal(clean('no hook named a long"secret/word'), 'no hook named [redacted]');
  hide('https://hooks.example/T/%ZZnot-an-escape-at-all');
  assert.equal(clean('%ZZnot-an-escape-at-all'), '[redacted]');
});

test('each long word of a list of headers is hidden, names and short words are not', () => {
  const scrub = scrubber();
  scrub.hide('Authorization: Bearer 0123456789abcdef; X-Tenant: 7');
  assert.equal(scrub.clean('bad token 0123456789abcdef in Authorization'), 'bad token [redacted] in Authorization');
});

test('a short value is hidden where the name of its header sounds like a credential, and not in another header', () => {
  const { hide, clean } = scrubber();
  hide('X-Api-Key: hunter2\nX-Tenant: warsaw; Authorization: Bearer s3cret7 ;X-Auth-Token:two words9');
  assert.equal(
    clean('you sent X-Api-Key: hunter2, Bearer s3cret7 and two words9 to warsaw'),
    'you sent X-Api-Key: [redacted], [redacted] and [redacted] to warsaw',
  );
  assert.equal(clean('no such tokens: s3cret7, words9'), 'no such tokens: [redacted], [redacted]');
});

test('a credential in use stays known, however many others come and go', () => {
  const { hidePassing, clean } = scrubber();
  hidePassing('the-login-token');
  for (let at = 1; at <= 1000; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  assert.equal(clean('the-login-token cookie-number-1000.'), '[redacted] [redacted]');
});

test('a credential that was replaced is known until a hundred others were', () => {
  const { hidePassing, clean } = scrubber();
  for (let at = 1; at <= 201; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  assert.equal(clean('cookie-number-101.'), '[redacted]');
  assert.equal(clean('cookie-number-100.'), 'cookie-number-100.');
});

test('a credential that is used in two places stays known when one of them has another', () => {
  const { hidePassing, clean } = scrubber();
  hidePassing('token-and-cookie');
  hidePassing('token-and-cookie');
  hidePassing(undefined, 'token-and-cookie');
  for (let at = 1; at <= 200; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  assert.equal(clean('token-and-cookie'), '[redacted]');
});

test('a credential that comes back is new again', () => {
  const { hidePassing, clean } = scrubber();
  const pass = (from: number, to: number): void => {
    for (let at = from; at <= to; at++) hidePassing(`cookie-number-${at}.`, `cookie-number-${at - 1}.`);
  };
  hidePassing('it-comes-back');
  hidePassing(undefined, 'it-comes-back');
  pass(1, 90);
  hidePassing('it-comes-back');
  hidePassing(undefined, 'it-comes-back');
  pass(91, 180);
  assert.equal(clean('it-comes-back'), '[redacted]');
});

test('a token with half a character in it is hidden like any other', () => {
  const { hidePassing, clean } = scrubber();
  hidePassing('half \ud800 of a pair');
  assert.equal(
    clean('{"token":"half \\ud800 of a pair"}, half%20%EF%BF%BD%20of%20a%20pair'),
    '{"token":"[redacted]"}, [redacted]',
  );
});

const secret = 'Tok/en+with  "two"  blanks&x=1!(\u00fc)\\';
const inAddress = encodeURIComponent(secret);
const inJson = JSON.stringify(secret).slice(1, -1);
const capitals = /[!'()*]/g;
const asPercent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

const each = (spell: (code: number) => string): string => Array.from(secret, (c) => spell(c.charCodeAt(0))).join('');

/** How servers quote what they were told. */
const quotations: Readonly<Record<string, string>> = {
  'in an address, with small letters': inAddress.replace(/%../g, (code) => code.toLowerCase()),
  'in an address, by RFC 3986': inAddress.replace(capitals, asPercent),
  'in an address inside an address': encodeURIComponent(inAddress),
  'in a form': inAddress.replaceAll('%20', '+'),
  'in JSON, slashes and all': inJson.replaceAll('/', '\\/'),
  'in JSON of ASCII': inJson.replace('\u00fc', '\\u00fc'),
  'in JSON inside JSON inside JSON': JSON.stringify(JSON.stringify(inJson)),
  'in JSON inside an address': encodeURIComponent(inJson),
  'in HTML': secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('/', '&#x2F;'),
  'in HTML, without semicolons': each((code) => `&#${code}`),
  'by a program, in hexadecimal': each((code) => `\\x${code.toString(16).padStart(2, '0')}`),
  'by a program, in octal': each((code) => `\\${code.toString(8).padStart(3, '0')}`),
  'by a program, by code point': each((code) => `\\u{${code.toString(16)}}`),
  'in hexadecimal': Buffer.from(secret).toString('hex'),
  'in large hexadecimal': Buffer.from(secret).toString('hex').toUpperCase(),
  'in large letters': secret.toUpperCase(),
  'with blanks made one': secret.replace(/ +/g, ' '),
  'in base64, inside an address': encodeURIComponent(Buffer.from(`me:${secret}`).toString('base64')),
};

for (const [how, quotation] of Object.entries(quotations)) {
  test(`a secret is hidden that is quoted ${how}`, () => {
    const { hide, clean } = scrubber();
    hide(secret);
    for (const text of [quotation, `100%${quotation}`, `said: '${quotation}'.`, `${quotation} ${quotation}`]) {
      const cleaned = clean(text);
      assert.match(cleaned, /\[redacted\]/);
      assert.doesNotMatch(cleaned, /Tok|blanks|en.with/, cleaned);
    }
  });

  test(`a secret is hidden that is quoted ${how} and cut`, () => {
    const { hide, clean } = scrubber();
    hide(secret);
    for (let length = 14; length < quotation.length; length++) {
      if (how.includes('base64')) break; // where the secret begins in it does not show
      assert.doesNotMatch(clean(`${quotation.slice(0, length)}…`), /Tok/, quotation.slice(0, length));
    }
  });
}

const long = 'Zq7-long.secret+of_40/characters~and=more';

for (const mark of ['…', '...', '.....', '***', '********']) {
  test(`what ${mark} leaves of a secret is hidden, from eight characters on`, () => {
    const { hide, clean } = scrubber();
    hide(long);
    assert.equal(clean(`key ${long.slice(0, 8)}${mark} is bad`), `key [redacted]${mark} is bad`);
    assert.equal(clean(`key ${mark}${long.slice(-8)} is bad`), `key ${mark}[redacted] is bad`);
    assert.equal(clean(`"${long.slice(0, -1)}${mark}${long.slice(1)}"`), `"[redacted]${mark}[redacted]"`);
    assert.equal(clean(`${mark}${encodeURIComponent(long.slice(9))}.`), `${mark}[redacted].`);
    assert.equal(clean(`${mark}${long.slice(-7)} `), `${mark}${long.slice(-7)} `);
    assert.equal(clean(`${long.slice(0, 5)}${mark}`), `${long.slice(0, 5)}${mark}`);
  });
}

test('a word that only begins like a secret is not hidden, though three dots follow', () => {
  const { hide, clean } = scrubber();
  hide('password-of-the-canary');
  for (const text of ['the password is wrong ...', 'password or so...', '*** canary', 'passwor...', '...the canary']) {
    assert.equal(clean(text), text);
  }
});

test('a key that is base64 of a name and a secret is hidden as that, too', () => {
  for (const encoding of ['base64', 'base64url'] as const) {
    const { hide, clean } = scrubber();
    hide(Buffer.from('VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw').toString(encoding));
    assert.equal(clean('no VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw'), 'no [redacted]');
    assert.equal(
      clean('key ui2lp2axTNmsyakw9tvNnw is not of VuaCfGcBCdbkQm-e5aOx'),
      'key [redacted] is not of VuaCfGcBCdbkQm-e5aOx',
    );
  }
  const { hide, clean } = scrubber();
  hide(`Authorization: Basic ${Buffer.from('job:s3cr3t').toString('base64')}; X-Tenant: 7`);
  assert.equal(clean('user job, password s3cr3t'), 'user job, password [redacted]');
});

test('a secret is hidden wherever it begins in a text that is base64', () => {
  const { hide, clean } = scrubber();
  hide('a-secret-of-some-length');
  for (const name of ['', 'a', 'ab', 'abc', 'abcd', 'abcde']) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const cleaned = clean(Buffer.from(`${name}a-secret-of-some-length, and more`).toString(encoding));
      assert.match(cleaned, /\[redacted\]/, `${name} ${encoding}`);
      const left = cleaned.split('[redacted]').map((part) => Buffer.from(part, encoding).toString('latin1'));
      assert.doesNotMatch(left.join(' '), /secret|some|length/);
    }
  }
});

test('a secret that is quoted by five in turn is hidden', () => {
  const { hide, clean } = scrubber();
  hide('pass"word"of mine');
  assert.equal(clean('no pass&amp;amp;amp;amp;quot;word&amp;amp;amp;amp;quot;of mine.'), 'no [redacted].');
});

test('after what looks like the beginning of an escape, a secret is hidden as a whole, and not only its longest word', () => {
  const { hide, clean } = scrubber();
  hide('41-a-long-word-of-a-list,short');
  assert.equal(clean('%41-a-long-word-of-a-list,short.'), '%[redacted].');
});

test('a secret with characters that a terminal must not get is hidden as they are shown', () => {
  const { hide, clean } = scrubber();
  hide('abc\u200fdef\u0085ghi');
  assert.equal(clean(oneLine('no abc\u200fdef\u0085ghi here')), 'no [redacted] here');
});

test('a long secret is hidden in small letters, too, as URLs write names of hosts', () => {
  const { hide, clean } = scrubber();
  hide('1A2B3C4D-5E6F-ABCD');
  hide('Password');
  assert.equal(clean('leads to https://1a2b3c4d-5e6f-abcd.example'), 'leads to https://[redacted].example');
  assert.equal(clean('no password'), 'no password');
});

test('JSON stays JSON around a hidden secret', () => {
  const { hide, clean } = scrubber();
  for (const each of [secret, '"quoted"', 'ends with \\', '\\begins', 'path\\new\\u0041', 'two\nlines']) {
    hide(each);
    const line = { message: `a\\${each}`, field: each, nested: JSON.stringify({ [each]: `${each}\\` }) };
    const cleaned: unknown = JSON.parse(clean(JSON.stringify(line)));
    assert.deepEqual(Object.keys(cleaned as object), Object.keys(line));
    assert.doesNotMatch(JSON.stringify(cleaned), /Tok|quoted|ends|begins|path|lines/);
  }
});

test('what only looks like an escape stays as it is', () => {
  const { hide, clean } = scrubber();
  hide(secret);
  const text = '100% of C:\\new, %zz &amp; "a  b" +1 \ud800 … \u200f';
  assert.equal(clean(text), text);
});

test('a text full of marks of cuts is cleaned about as fast as any other, however many secrets are known', async () => {
  const { hide, clean } = scrubber();
  for (let at = 0; at < 50; at++) hide(`a secret of its own, number ${at}`);
  const costOf = async (text: string): Promise<number> => {
    const clean5 = (): void => void Array.from({ length: 5 }, () => clean(text));
    return Math.min(await processorTime(clean5), await processorTime(clean5));
  };
  const plain = Math.max(50, await costOf('\u0436'.repeat(64 * 1024)));
  for (const text of ['…'.repeat(64 * 1024), 'secret…'.repeat(9 * 1024), '*'.repeat(64 * 1024)])
    assert.ok((await costOf(text)) < 10 * plain);
  assert.ok((await costOf('a secret... number'.repeat(3 * 1024))) < 10 * plain);
});

test('cookies of nothing but words, as many as a run may have, are hidden and end nothing', async () => {
  const { hidePassing, clean } = scrubber();
  const word = (cookie: number, at: number): string => `Cookie${cookie}WithALongWord${at}`;
  for (let cookie = 0; cookie < 150; cookie++) {
    hidePassing(Array.from({ length: 170 }, (_, at) => word(cookie, at)).join(','));
  }
  const cost = await processorTime(() =>
    assert.equal(clean(`no ${word(149, 0)}, ${word(0, 1)}`), 'no [redacted], [redacted]'),
  );
  assert.ok(cost < 5000, `${Math.round(cost)} ms`);
});

test('the time that a token costs depends on its length alone, whatever it is made of', async () => {
  const costOf = (token: string): Promise<number> =>
    processorTime(() => {
      const { hidePassing, clean } = scrubber();
      hidePassing(token);
      assert.equal(clean(`no ${token}`), 'no [redacted]');
    });
  const plain = Math.max(50, await costOf('x'.repeat(400_000)));
  const colons = Buffer.concat([Buffer.alloc(300_000, ':'), Buffer.alloc(3, 0xff)]).toString('base64');
  for (const token of ['key'.repeat(133_000), colons]) {
    const cost = await costOf(token);
    assert.ok(cost < 20 * plain, `${Math.round(cost)} ms, and ${Math.round(plain)} ms of one letter`);
  }
});
