/** A real rsyslog as the receiver: every record arrives once, byte for byte, over TLS and TCP, in each form. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { recordsUntil } from '../../src/io/sample/sample-records.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { scratch, shell } from '../support/program.ts';
import { startRsyslog } from './rsyslog.ts';
import { missing } from './tools.ts';

const longest = 64 * 1024;
const gnutls = ['/usr/lib', '/usr/lib64', ...['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu`)];

function lackingTls(): string | false {
  const isThere = gnutls.some((folder) => existsSync(`${folder}/rsyslog/lmnsd_gtls.so`));
  return isThere ? false : 'not here: the TLS of rsyslog (apt-get install rsyslog-gnutls)';
}

/** The record out of a message. */
const unwrap: Readonly<Record<string, (message: string) => string>> = {
  json: (message) => message,
  leef: (message) => message.slice(message.indexOf('\traw=') + 5),
  cef: (message) => message.slice(message.indexOf(' msg=') + 5).replace(/\\([\\=])/g, '$1'),
};

/** The sample's records of a week, and some that are hard on a receiver. */
function sent(): string[] {
  const hard = [
    '{"id":"h1","text":"a=b \\\\ c | ] [ \\"d\\" ^ msg=x raw=y","n":1.10,"big":9007199254740993123}',
    `{"id":"h2","long":"${'Ü'.repeat(30_000)}"}`,
    '{"id":"h3] \\"quoted\\" \\\\","controls":"\\u0000\\n\\t\\u007f","percent":"%s %d #011 #012"}',
    '{ "id": "h4", "spaces":  [ 1,  2 ] , "empty": "" }',
  ];
  return [...recordsUntil(Date.now()).map(({ text }) => text), ...hard];
}

describe('a real rsyslog', { skip: missing('rsyslogd', 'openssl') }, () => {
  const authority = certificateAuthority();
  after(() => authority.remove());
  for (const transport of ['tls', 'tcp']) {
    const skip = transport === 'tls' && lackingTls();
    for (const format of ['json', 'leef', 'cef']) {
      test(`takes each record once, as it was: ${format} over ${transport}`, { skip, timeout: 60_000 }, async (t) => {
        const rsyslog = await startRsyslog(transport === 'tls' ? authority : undefined, longest);
        t.after(() => rsyslog.close());
        const directory = scratch(t);
        const records = sent();
        writeFileSync(join(directory, 'records'), records.map((text) => `${text}\n`).join(''));
        const environment = {
          SYSLOG_URL: rsyslog.address,
          SYSLOG_FORMAT: format,
          SYSLOG_MAX_BYTES: String(longest),
        };
        const line = `$AUDIT_EXPORT -s - -o syslog --ca-file '${authority.certFile}' --state-dir state < records`;
        for (let round = 1; round <= 2; round++) {
          const { status, stderr } = await shell(line, { directory, environment });
          assert.deepEqual([status, stderr], [0, '']);
        }
        const messages = await rsyslog.messages(records.length);
        const got = messages.map((message) => unwrap[format]?.(message));
        const wrong = records.findIndex((record, number) => got[number] !== record);
        assert.equal(got[wrong], records[wrong], `record ${wrong}`);
        assert.equal(got.length, records.length);
      });
    }
  }
});
