/** Values that were copied from a document: quotation marks of typography, and blanks that no keyboard makes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';

const sysdig = { SYSDIG_URL: 'http://127.0.0.1:1', SYSDIG_TOKEN: 'c4nary' };
const webhook = { SAMPLE_URL: 'http://127.0.0.1:1', WEBHOOK_URL: 'http://127.0.0.1:1/c4nary' };

for (const [argv, environment, message, hint] of [
  [
    ['-s', 'sysdig-audit'],
    { ...sysdig, SYSDIG_TOKEN: '“c4nary”' },
    /cannot be sent the header authorization, because its value has characters that headers cannot carry/,
    /^hint: look for a line break or a typographic character in SYSDIG_TOKEN in the environment; SYSDIG_TOKEN begins or ends with a quotation mark$/m,
  ],
  [
    ['-s', 'sysdig-audit'],
    { ...sysdig, SYSDIG_TOKEN: 'c4nary\u201112' },
    /cannot be sent the header authorization/,
    /^hint: look for a line break or a typographic character in SYSDIG_TOKEN in the environment$/m,
  ],
  [
    ['-s', 'sysdig-audit'],
    { ...sysdig, SYSDIG_URL: 'https://sysdig.example”' },
    /SYSDIG_URL must be an http:\/\/ or https:\/\/ URL .*, not "https:\/\/sysdig\.example”": it begins or ends with a quotation mark$/m,
    /^hint: correct it in the environment$/m,
  ],
  [
    ['-s', 'sample', '-o', 'webhook'],
    { ...webhook, WEBHOOK_URL: 'https://hooks.example/c4nary\u00a0' },
    /WEBHOOK_URL must be an http:\/\/ or https:\/\/ URL without user name and password: it has a no-break space or an invisible character in it$/m,
    /^hint: correct it in the environment$/m,
  ],
  [
    ['-s', 'sample', '-o', 'webhook'],
    { ...webhook, WEBHOOK_HEADERS: 'X-Key: ‘c4nary’' },
    /header 1 in WEBHOOK_HEADERS has characters that headers cannot carry$/m,
    /^hint: .*typographic/m,
  ],
  [
    ['-s', 'sample', '-o', 'syslog'],
    { SYSLOG_URL: 'tls://siem.example:6514\u00a0' },
    /SYSLOG_URL is not the address of a syslog receiver: it has a no-break space or an invisible character in it$/m,
    /^hint: write it like tls:/m,
  ],
] as const) {
  test(`what is wrong with a pasted value is told with the name of its setting: ${JSON.stringify(environment)}`, async (t) => {
    const { status, stdout, stderr }: Ended = await run([...argv, '--state-dir', scratch(t)], { environment });
    assert.equal(status, 78, stderr);
    assert.match(stderr, message);
    assert.match(stderr, hint);
    assert.doesNotMatch(stdout + stderr, /c4nary/);
  });
}
