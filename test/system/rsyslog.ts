/** A real rsyslog on a loopback port, with TLS or without: what it received, message by message. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Authority } from '../support/certificates.ts';

/** How long it may take to listen, in milliseconds: with TLS on a busy machine, more than five seconds were seen. */
const slowestStart = 45_000;

export interface Rsyslog {
  /** `tls://localhost:port` or `tcp://127.0.0.1:port`. */
  readonly address: string;
  /** Waits until `count` messages were written, and no more within half a second; returns their texts. */
  messages(count: number): Promise<string[]>;
  close(): Promise<void>;
}

/** Starts one, with the longest message in bytes. Throws what rsyslog said when it does not come up. */
export async function startRsyslog(authority: Authority | undefined, longest: number): Promise<Rsyslog> {
  const directory = mkdtempSync(join(tmpdir(), 'audit-export-rsyslog-'));
  const [port, output, configuration] = [
    await freePort(),
    join(directory, 'messages'),
    join(directory, 'rsyslog.conf'),
  ];
  writeFileSync(configuration, configurationOf({ directory, port, output, longest }, authority));
  const daemon = spawn('rsyslogd', ['-n', '-f', configuration, '-i', join(directory, 'pid')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const gone = once(daemon, 'exit');
  let said = '';
  for (const stream of [daemon.stdout, daemon.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  }

  function written(): string[] {
    return existsSync(output) ? readFileSync(output, 'utf8').split('\n').slice(0, -1) : [];
  }

  for (const begun = performance.now(); !(await answers(port)); await wait(50)) {
    const patience = performance.now() - begun < slowestStart;
    if (patience && daemon.exitCode === null) continue;
    daemon.kill('SIGKILL'); // while it runs, the test file does not end, and nobody hears why
    throw new Error(`rsyslogd did not start: it ${patience ? `ended with ${daemon.exitCode}` : 'goes on'}; ${said}`);
  }
  return {
    address: authority === undefined ? `tcp://127.0.0.1:${port}` : `tls://localhost:${port}`,
    async messages(count) {
      for (let tries = 0; written().length < count && tries < 200; tries++) await wait(50);
      await wait(500);
      return written();
    },
    async close() {
      daemon.kill();
      // One that was asked to end while it began has been seen to go on for ever.
      const patience = setTimeout(() => daemon.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(patience);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Place {
  readonly directory: string;
  readonly port: number;
  readonly output: string;
  readonly longest: number;
}

/** As its manual describes a TLS receiver; nothing is escaped, so that the file has the bytes of the wire. */
function configurationOf({ directory, port, output, longest }: Place, authority: Authority | undefined): string {
  let stream = 'StreamDriver.Name="ptcp"';
  let files = '';
  if (authority !== undefined) {
    const { key, cert } = authority.issue();
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(certFile, cert);
    files =
      `DefaultNetstreamDriverCAFile="${authority.certFile}" DefaultNetstreamDriverCertFile="${certFile}" ` +
      `DefaultNetstreamDriverKeyFile="${keyFile}"`;
    stream = 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"';
  }
  return `global(workDirectory="${directory}" maxMessageSize="${longest}" ${files}
  parser.escapeControlCharactersOnReceive="off")
module(load="imtcp" ${stream})
template(name="message" type="string" string="%msg%\\n")
ruleset(name="audit") { action(type="omfile" file="${output}" template="message") }
input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="audit")
`;
}

/**
 * A port that was free a moment ago: rsyslog cannot be asked which one it took. From below those that the system gives to
 * whoever asks for any, so that nobody else is given it meanwhile.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.setTimeout(1000, () => socket.destroy());
  });
}
