/**
 * A machine as the documents want it: audit-export, `spl`, `aws` and `kcat` on the PATH, /etc/audit-export with the env files of
 * examples/ and their secrets, vendors and destinations on loopback. Lines of a document run here word for word, but for
 * the addresses and that folder.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installed } from '../support/installed.ts';
import { ended, type Ended } from '../support/program.ts';
import { destinationSecrets, startDestinations, type Destinations } from './destinations.ts';
import { startVendors, vendorSecrets, type Vendors } from './vendors.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

export interface Site {
  readonly directory: string;
  /** Where `audit-export` is, and what stands for `spl`, `aws` and `kcat`. */
  readonly programs: string;
  readonly vendors: Vendors;
  readonly destinations: Destinations;
  /** The text with the addresses and paths of this site. Throws when an address of the outside world is left. */
  here(text: string): string;
  /** Settings of every vendor, for commands without an env file. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs lines of shell; a job finds nothing in its environment that cron would not give it. */
  run(script: string, environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** What `spl audit export` prints from now on. */
  exports(lines: readonly string[]): void;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const directory = mkdtempSync(join(tmpdir(), 'audit-export-system-'));
  const etc = join(directory, 'etc');
  const log = join(directory, 'log');
  for (const folder of [etc, log]) mkdirSync(folder);
  const programs = installed(directory);
  const [vendors, destinations] = [await startVendors(), await startDestinations()];
  const settings = { ...vendors.settings, ...destinations.settings };
  const addresses = addressesOf(settings);

  function here(text: string): string {
    let placed = text.replaceAll('/etc/audit-export', etc).replaceAll('/var/log', log);
    for (const [outside, inside] of addresses) placed = placed.replaceAll(outside, inside);
    const left = /[a-z]+:\/\/(?!127\.0\.0\.1|localhost|www\.example\.edu)[^\s"']+/.exec(placed);
    assert.equal(left, null, 'an address of the outside world');
    return placed;
  }

  for (const [name, secret] of Object.entries({ ...vendorSecrets, ...destinationSecrets })) {
    writeFileSync(join(etc, name), `${secret}\n`, { mode: 0o600 });
  }
  const headers = {
    'elastic-header': `Authorization: ApiKey ${destinationSecrets['elastic-key']}`,
    'splunk-header': `Authorization: Splunk ${destinationSecrets['splunk-token']}`,
  };
  for (const [name, line] of Object.entries(headers)) writeFileSync(join(etc, name), `${line}\n`, { mode: 0o600 });
  writeFileSync(join(etc, 'ca.pem'), readFileSync(destinations.certificateFile));
  for (const name of readdirSync(examples).filter((file) => file.endsWith('.env'))) {
    const text = readFileSync(join(examples, name), 'utf8').replace(/^#.*$/gm, '');
    writeFileSync(join(etc, name), withSettings(here(text), settings), { mode: 0o600 });
  }
  const stands = {
    spl: `exec cat '${directory}/export'`,
    // An object is there once all of it is.
    aws: `[ "$1 $2 $3 $4" = 's3 cp --only-show-errors -' ] || exit 2
object='${directory}/objects/'"\${5#s3://}"
mkdir -p "\${object%/*}" && cat > "$object.part" && mv -n "$object.part" "$object" && [ ! -e "$object.part" ]`,
    kcat: `[ "$*" = '-P -b kafka.example.com:9092 -t audit' ] || exit 2
cat >> '${directory}/topic'`,
  };
  for (const [name, script] of Object.entries(stands)) {
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(programs, name), 0o755);
  }

  return {
    directory,
    programs,
    vendors,
    destinations,
    here,
    environment: {
      ...vendors.settings,
      API_KEY: 'the-key',
      API_SECRET: vendorSecrets['cirrus-secret'] ?? '',
      SYCOPE_USERNAME: 'auditor',
      SYCOPE_PASSWORD: vendorSecrets['sycope-password'] ?? '',
      SPL_TOKEN: vendorSecrets['syncropel-token'] ?? '',
      SYSDIG_TOKEN: vendorSecrets['sysdig-token'] ?? '',
    },
    run(script, environment = {}) {
      const child = spawn('/bin/sh', ['-eu', '-c', here(script)], {
        cwd: directory,
        env: { HOME: directory, LOGNAME: 'auditor', PATH: `${programs}:/usr/bin:/bin`, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return ended(child);
    },
    exports(lines) {
      writeFileSync(join(directory, 'export'), ['# spl audit export', ...lines, ''].join('\n'));
    },
    async close() {
      await Promise.all([vendors.close(), destinations.close()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What stands for an address in the documents, and what it is here. */
function addressesOf(settings: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const of = (name: string): string => settings[name] ?? '';
  return [
    ['https://sycope.example.com', of('SYCOPE_URL')],
    ['http://localhost:9100', of('SYNCROPEL_URL')],
    ['https://elastic.example.com:9200', of('ELASTIC_URL')],
    ['https://splunk.example.com:8088', of('SPLUNK_URL')],
    ['https://intake.sekoia.io', of('SEKOIA_URL')],
    ['https://http-intake.logs.datadoghq.eu', of('DATADOG_URL')],
    ['https://audit-5kyl.westeurope-1.ingest.monitor.azure.com', of('SENTINEL_URL')],
    ['https://collector.example.com:4318', of('OTLP_URL')],
    ['https://hooks.example.com/audit', of('WEBHOOK_URL')],
    ['tls://siem.example.com:6514', of('SYSLOG_URL')],
  ];
}

/** Settings that say where the vendor is: those that the file has not got are added, and a region gives way to them. */
function withSettings(text: string, settings: Readonly<Record<string, string>>): string {
  const source = /^AUDIT_EXPORT_SOURCE=(\w+)/m.exec(text)?.[1]?.toUpperCase() ?? '';
  const sink = /^AUDIT_EXPORT_SINK=(\w+)/m.exec(text)?.[1]?.toUpperCase() ?? '';
  const missing = Object.keys(settings).filter(
    (name) => [source, sink].includes(name.split('_')[0] ?? '') && !new RegExp(`^${name}=`, 'm').test(text),
  );
  const added = missing.map((name) => `${name}=${settings[name] ?? ''}\n`);
  return text.replace(/^(?:SYSDIG_REGION|DATADOG_SITE)=.*$/gm, '') + added.join('');
}
