/**
 * From flags, environment and env files to a checked configuration; nothing else reads them. All that is missing or wrong is
 * named in one message, with the place to put it right, and secrets are taken out of the environment.
 */
import { clientCertificates, clientSettings, type ClientCertificates } from './config/client-certificates.ts';
import { inFirstNames, jobOf, longerThanZero, type UnnamedJob } from './config/job.ts';
import { readEnvFile } from './config/env-file.ts';
import { lookUp, type Layers } from './config/layers.ts';
import { noFindings, refuseFaults, type Findings } from './config/findings.ts';
import { readSettings, type SettingLookup } from './config/settings.ts';
import { warnIfWritable } from './config/open-to-others.ts';
import { proxySettings, type Proxies } from './config/proxies.ts';
import { findSink, findSource, refuseName, type FoundSource } from './config/named-ends.ts';
import { forgetSecrets, hideOwnSecrets } from './config/secrets.ts';
import { findStateDirectory, stateDirectory } from './config/state-directory.ts';
import { cutValues, idleSinks, nearMisses, spellings, unclosedQuotes, unreadLines } from './config/suspicions.ts';
import { refuseUndated } from './config/undated.ts';
import type { SourceDefinition } from './core/definition.ts';
import type { Flags } from './cli/flags.ts';
import { exit, Problem } from './core/problem.ts';
import { parseFields, type Field } from './core/json/splice.ts';
import { fromMillis, toMillis } from './core/time.ts';
import type { SettingValues } from './core/setting.ts';
import type { SinkDefinition } from './core/sink-tools.ts';
import { readSmallFile, whyUnread } from './io/disk/small-file.ts';
import type { Trust } from './io/connection/tls.ts';
import type { Environment } from './io/world.ts';
import { sinks, wireForms, type WireForm } from './sinks/index.ts';

export interface Configuration {
  readonly job: UnnamedJob;
  /** `--job`, not yet checked, and the command after `--`: what a position is named by. */
  readonly naming: Pick<Flags, 'job' | 'command' | 'bulkFormat'>;
  readonly source: SourceDefinition;
  readonly sourceOrigin: FoundSource['origin'];
  /** The path of a definition of the user's own. */
  readonly sourceFile: string | undefined;
  readonly sourceValues: SettingValues;
  readonly sink: SinkDefinition;
  readonly sinkValues: SettingValues;
  /** Undefined when there is no place for one, which only an ad-hoc search can do without. */
  readonly stateDirectory: string | undefined;
  readonly http: HttpSettings;
  /** `--bulk-format`: another sink's wire form, with its settings. */
  readonly form: { readonly name: string; readonly make: WireForm; readonly values: SettingValues } | undefined;
  /** `--add` */
  readonly fields: readonly Field[];
  readonly findings: Findings;
}

interface HttpSettings extends Pick<Trust, 'extraRoots' | 'rootsFile' | 'insecure' | 'allowPlaintext'> {
  /** One request's total limit in milliseconds. */
  readonly timeout: number;
  readonly proxies: Proxies;
  /** The client certificates for both ends. */
  readonly clients: ClientCertificates;
}

/** Reads everything that a run needs to know. `now` in milliseconds. Throws Problem (64, 78). */
export async function configure(flags: Flags, environment: Environment, now: number): Promise<Configuration> {
  const asked = jobOf(flags, fromMillis(now));
  const layers = readLayers(flags.envFile, environment);
  const { source, origin, file } = await findSource(flags, layers);
  const job = { ...asked, search: inFirstNames(asked.search, source) };
  const sink = await findSink(flags, layers);
  const findings = noFindings();
  const reading = { layers, findings };
  const clients = await clientCertificates(reading);
  const http = { ...httpSettings(flags), clients, proxies: proxySettings(layers, findings) };
  const { output, apikey, apisecret, orgurl, apiurl } = flags;
  const ofSource = { apikey, apisecret, orgurl, apiurl };
  refuseUnusedFlags(ofSource, source);
  refuseUnusedFlags({ output }, sink);
  refuseUndated(flags, source);
  const sourceValues = readSettings(source.settings, { ...reading, flags: ofSource });
  if (origin === 'file') hideOwnSecrets(source, sourceValues, findings);
  const sinkValues = readSettings(sink.settings, { ...reading, flags: { output } });
  const form = await findForm(flags.bulkFormat, sink, reading);
  const all = { ...source.settings, ...sink.settings, ...clientSettings };
  checkFiles(layers, all, findings);
  for (const path of [file, flags.caFile]) if (path !== undefined) warnIfWritable(path, findings);
  if (job.usePosition && form === undefined && isPrinted(sink, flags, layers)) {
    for (const each of layers.files) findings.warnings.push(...idleSinks(each, Object.keys(sinks), all));
  }
  refuseFaults(findings, layers, all);
  const place = (job.usePosition ? stateDirectory : findStateDirectory)(flags.stateDir, environment);
  forgetSecrets(environment, all);
  return {
    job,
    naming: flags,
    source,
    sourceOrigin: origin,
    sourceFile: file,
    sourceValues,
    sink,
    sinkValues,
    stateDirectory: place,
    http,
    form,
    fields: parseFields(flags.add ?? []),
    findings,
  };
}

/** The layers of text below the flags. Throws Problem (78) for an env file that cannot be read. */
function readLayers(paths: readonly string[] | undefined, environment: Environment): Layers {
  const files = (paths ?? ['.env']).map((path) => readEnvFile(path, paths !== undefined));
  return { environment, files: files.filter((file) => file !== undefined).toReversed() };
}

/** Whether records are printed only because nothing says where they go. */
function isPrinted({ name }: SinkDefinition, { sink }: Flags, layers: Layers): boolean {
  return name === 'stdout' && sink === undefined && lookUp(layers, 'AUDIT_EXPORT_SINK') === undefined;
}

async function findForm(
  name: string | undefined,
  sink: SinkDefinition,
  { layers, findings }: SettingLookup,
): Promise<Configuration['form']> {
  if (name === undefined || name === 'none') return undefined;
  const [makeForm, definition] = [wireForms[name], sinks[name]];
  if (!Object.hasOwn(wireForms, name) || makeForm === undefined || definition === undefined) {
    return refuseName('bulk format', name, [...Object.keys(wireForms), 'none'], { byFlag: true });
  }
  if (sink.takesForm !== true) {
    throw new Problem(exit.usage, `--bulk-format is for stdout, a file or a command, not for ${sink.name}`, {
      hint: `leave it out: ${sink.name} has its own wire form`,
    });
  }
  // Credentials are for the program that sends the records: they are neither required nor read here.
  const settings = Object.entries((await definition()).settings).filter(([, { secret }]) => secret !== true);
  const values = readSettings(Object.fromEntries(settings), { layers, findings: { ...findings, missing: new Map() } });
  return { name, make: await makeForm(), values };
}

/** Throws Problem 64 for a flag that the chosen source or sink has no setting for: it would be ignored in silence. */
function refuseUnusedFlags(
  flags: Readonly<Record<string, string | undefined>>,
  { name, settings }: Pick<SourceDefinition | SinkDefinition, 'name' | 'settings'>,
): void {
  const known = new Set(Object.values(settings).map(({ flag }) => flag));
  for (const [flag, text] of Object.entries(flags)) {
    if (text === undefined || known.has(flag)) continue;
    throw new Problem(exit.usage, `${name} has no setting for --${flag}`, {
      hint: 'audit-export sources and audit-export sinks list the settings of each',
    });
  }
}

function checkFiles(layers: Layers, settings: SinkDefinition['settings'], findings: Findings): void {
  const known = new Set(spellings(settings));
  for (const file of layers.files) {
    findings.faults.push(...cutValues(file, settings).map((text) => ({ text, at: file.path })));
    findings.warnings.push(...nearMisses(file, settings), ...unclosedQuotes(file, settings));
    for (const { line, name } of unreadLines(file)) {
      const text = `${file.path}:${line}: ${name === '' ? 'a line without "="' : `no "=" after ${name}`}`;
      if (!known.has(name)) findings.warnings.push(`${text}${name === '' ? ' is not read' : ': the line is not read'}`);
      else if (!findings.missing.has(name)) findings.faults.push({ text, at: file.path });
    }
    warnIfWritable(file.path, findings);
  }
}

function httpSettings(flags: Flags): Omit<HttpSettings, 'clients' | 'proxies'> {
  const timeout = longerThanZero(flags.timeout, '--timeout');
  return {
    timeout: timeout === undefined ? 60_000 : toMillis(timeout),
    extraRoots: flags.caFile === undefined ? undefined : readRoots(flags.caFile),
    rootsFile: flags.caFile,
    insecure: flags.insecure === true,
    allowPlaintext: flags.allowPlaintext === true,
  };
}

function readRoots(path: string): string {
  try {
    return readSmallFile(path).bytes.toString('utf8');
  } catch (error) {
    throw new Problem(exit.config, `cannot read --ca-file ${path} (${whyUnread(error)})`, {
      hint: 'give the path of a PEM file that the user of this job can read',
    });
  }
}
