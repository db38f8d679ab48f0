/**
 * The crontab lines of the README under a real cron, as a user that is not root, with the program as npm packs it: two
 * ticks, the second brings only what is new, and no mail is sent.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { exported, flowOf, wanted, type Flow } from './flows.ts';
import { recipes, type Recipe } from './recipes.ts';
import { openSite, type Site } from './site.ts';
import { assertTaken } from './taken.ts';
import { missing } from './tools.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const user = 'nobody';

interface Job extends Recipe, Flow {}

/** One line for each pairing; those that differ in a setting only would wait for one another. */
function jobs(): Job[] {
  const scheduled = recipes().filter(({ schedule }) => schedule !== undefined);
  const all = scheduled.map((recipe) => ({ ...recipe, ...flowOf(recipe) }));
  return [...new Map(all.toReversed().map((job) => [`${job.source} ${job.sink}`, job])).values()];
}

function obstacle(): string | false {
  const absent = missing('cron', 'crontab', 'openssl', 'tar');
  if (absent !== false) return absent;
  if (process.getuid?.() !== 0) return 'only root can start cron';
  return spawnSync('crontab', ['-u', user, '-l']).status === 0 ? `${user} has a crontab of its own` : false;
}

test('the crontab lines of the README under a real cron, twice', { skip: obstacle(), timeout: 200_000 }, async (t) => {
  const site = await openSite();
  t.after(() => site.close());
  const lines = jobs();
  install(site);
  writeFileSync(join(site.directory, 'etc', 'wrong.env'), wrongPassword(site), { mode: 0o600 });
  const crontab = join(site.directory, 'crontab');
  writeFileSync(
    crontab,
    crontabOf(site, [...lines.map(({ command }) => command), 'audit-export -e /etc/audit-export/wrong.env']),
  );
  execFileSync('chown', ['-R', user, site.directory]);

  let texts = await offer(site, lines, []);
  t.after(startCron(crontab));
  await ticks(site, lines.length + 1, 1);
  assertDelivered(site, lines, texts);

  texts = await offer(site, lines, texts.get('-') ?? []);
  await ticks(site, lines.length + 1, 2);
  assertDelivered(site, lines, texts);

  const mails = readdirSync(join(site.directory, 'mails')).map((name) => {
    const text = readFileSync(join(site.directory, 'mails', name), 'utf8');
    const status = readFileSync(join(site.directory, 'ended', name), 'utf8').trim();
    return { status, text };
  });
  const failed = mails.filter(({ status }) => status === '77');
  assert.deepEqual(
    mails.filter(({ status, text }) => status !== '77' && `${status}${text}` !== '0'),
    [],
    'silence',
  );
  assert.equal(failed.length, 2, 'a wrong password is a mail every time');
  for (const { text } of failed) assert.match(text, /^audit-export: sycope refused [^\n]+\nhint: check [^\n]+\n$/);
});

/** The program as npm packs it, on the PATH the way npm links it, with a node that this user can run. */
function install(site: Site): void {
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', site.directory];
  const archive = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  execFileSync('tar', ['-xzf', join(site.directory, archive), '-C', site.directory]);
  const program = join(site.directory, 'package', 'bin', 'audit-export.js');
  chmodSync(program, 0o755);
  const link = join(site.programs, 'audit-export');
  rmSync(link);
  symlinkSync(program, link);
  copyFileSync(process.execPath, join(site.programs, 'node'));
  for (const folder of ['mails', 'ended']) mkdirSync(join(site.directory, folder));
  // Cron gives a job's output to its shell's parent and mails it; this shell keeps it instead.
  const shell = join(site.directory, 'shell');
  writeFileSync(shell, `#!/bin/sh\n/bin/sh "$@" > "$HOME/mails/$$" 2>&1\necho $? > "$HOME/ended/$$"\n`);
  chmodSync(shell, 0o755);
}

/** Every line every minute: the test has no hour to wait. */
function crontabOf(site: Site, commands: readonly string[]): string {
  const settings = {
    SHELL: join(site.directory, 'shell'),
    HOME: site.directory,
    PATH: `${site.programs}:/usr/bin:/bin`,
    MAILTO: '""',
  };
  const head = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [...head, ...commands.map((command) => `* * * * * ${site.here(command)}`), ''].join('\n');
}

function wrongPassword(site: Site): string {
  const settings = { AUDIT_EXPORT_SOURCE: 'sycope', SYCOPE_USERNAME: 'auditor', SYCOPE_PASSWORD: 'not-this-one' };
  const lines = Object.entries({ ...settings, SYCOPE_URL: site.vendors.settings['SYCOPE_URL'] ?? '' });
  return lines.map(([name, value]) => `${name}=${value}\n`).join('');
}

/** New records for every source of the jobs; an export holds the older ones, too. */
async function offer(site: Site, lines: readonly Job[], older: readonly string[]): Promise<Map<string, string[]>> {
  const texts = new Map<string, string[]>();
  for (const source of new Set(lines.map((job) => job.source))) {
    if (source === '-') texts.set(source, exported(await site.vendors.make('syncropel')));
    else texts.set(source, await site.vendors.add(source));
  }
  site.exports([...older, ...(texts.get('-') ?? [])]);
  return texts;
}

/** Installs the crontab and starts the daemon; the one that is already there will do. Returns what ends both. */
function startCron(crontab: string): () => Promise<void> {
  execFileSync('crontab', ['-u', user, crontab]);
  const daemon = spawn('cron', ['-f'], { stdio: 'ignore', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  const gone = once(daemon, 'exit');
  return async () => {
    spawnSync('crontab', ['-u', user, '-r']);
    daemon.kill();
    await gone;
  };
}

/** Waits until so many jobs have ended in each of so many minutes. */
async function ticks(site: Site, each: number, minutes: number): Promise<void> {
  const ended = join(site.directory, 'ended');
  const until = Date.now() + 90_000;
  while (readdirSync(ended).length < each * minutes) {
    assert.ok(Date.now() < until, `cron ran ${readdirSync(ended).length} jobs of ${each * minutes}`);
    await wait(200);
  }
}

function assertDelivered(site: Site, lines: readonly Job[], texts: ReadonlyMap<string, string[]>): void {
  for (const sink of new Set(lines.map((job) => job.sink).filter((name) => name !== 'file'))) {
    const into = lines.filter((job) => job.sink === sink);
    const expected = into.flatMap((job) => wanted(job, texts.get(job.source) ?? []));
    assertTaken(site.destinations.taken(sink), expected);
  }
}
