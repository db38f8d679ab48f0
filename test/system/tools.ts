/** The programs of a Debian that these tests need. */
import { spawnSync } from 'node:child_process';

/** The package that has a command. */
const packages: Readonly<Record<string, string>> = {
  cron: 'cron',
  crontab: 'cron',
  curl: 'curl',
  jq: 'jq',
  openssl: 'openssl',
  rsyslogd: 'rsyslog',
};

/** A line that says what is not here and how to get it; false when all is. */
export function missing(...commands: readonly string[]): string | false {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const absent = commands.filter(
    (command) => spawnSync('/bin/sh', ['-c', `command -v ${command}`], { env: { PATH: path } }).status !== 0,
  );
  if (absent.length === 0) return false;
  const wanted = new Set(absent.map((command) => packages[command] ?? command));
  return `not here: ${absent.join(', ')} (apt-get install ${[...wanted].join(' ')})`;
}
