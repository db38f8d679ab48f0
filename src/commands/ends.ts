/** From a checked configuration to a source and a sink that can work. */
import { hash } from 'node:crypto';
import { basename } from 'node:path';
import type { Role } from '../config/client-certificates.ts';
import type { Configuration } from '../config.ts';
import { withFields } from '../core/json/splice.ts';
import { restSource } from '../core/rest.ts';
import { Problem } from '../core/problem.ts';
import { toMillis } from '../core/time.ts';
import type { SinkTools } from '../core/sink-tools.ts';
import type { Tools } from '../core/tools.ts';
import type { Sink, Source } from '../core/types.ts';
import { loadHtml } from '../core/vendor/auth/login-page.ts';
import { linesSource } from '../core/vendor/lines-source.ts';
import { appendFile } from '../io/append-file.ts';
import { loadHttp } from '../io/http/client.ts';
import { graceWithin } from '../io/stop.ts';
import { stoppable } from '../io/streams/standard-output.ts';
import { besideProgress } from '../io/streams/terminal.ts';
import { openWire } from '../io/wire.ts';
import type { Host } from './host.ts';
import { connection, makeTools } from './tools.ts';
import { withPlace } from './with-place.ts';

export interface Ends {
  readonly source: Source;
  readonly sink: Sink;
  /** The source's tools, which end with the first request to stop. */
  readonly tools: Tools;
  /** Loads what they need from disk, so that an upgrade in the middle of a run cannot mix two versions. */
  load(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Creates source and sink; nothing is connected yet. Problems about a setting say where it is set. `patience`: until when they
 * may wait, in milliseconds since 1970, where the run itself would have time for more.
 */
export async function makeEnds(
  configuration: Configuration,
  host: Host,
  patience = (): number => Infinity,
): Promise<Ends> {
  try {
    return await createEnds(configuration, host, patience);
  } catch (error) {
    throw error instanceof Problem ? withPlace(error, configuration) : error;
  }
}

async function createEnds(configuration: Configuration, host: Host, patience: () => number): Promise<Ends> {
  sayBefore(configuration, host);
  const { maxRuntime } = configuration.job;
  const time = maxRuntime === undefined ? Infinity : toMillis(maxRuntime);
  const until = host.world.now() + time;
  let usesHttp = false;
  const toolsOf = (role: Role): Tools =>
    makeTools(configuration, host, {
      role,
      until,
      deadline: () => Math.min(until - graceWithin(time), patience()),
      noteHttp: () => void (usesHttp = true),
    });
  const load = async (): Promise<void> => {
    if (usesHttp) await loadHttp();
    const { auth } = configuration.source;
    if (auth.type === 'session' && auth.page !== undefined) await loadHtml();
  };
  const tools = toolsOf('source');
  const { source, close } = await makeSource(configuration, host, tools);
  try {
    const sink = await makeSink(configuration, host, source, toolsOf('sink'));
    return { source, sink: withFields(sink, configuration.fields, tools), tools, load, close };
  } catch (error) {
    await close(); // a sample vendor that still listens would keep the program running
    throw error;
  }
}

/** Hides what is secret, and says what is doubtful about the settings. */
function sayBefore({ findings, http }: Configuration, { log }: Host): void {
  for (const secret of findings.secrets) log.hide(secret);
  for (const warning of findings.warnings) log.warn(warning);
  if (!http.insecure) return;
  const what = 'TLS certificates are not verified, and plain http is permitted (--insecure)';
  log.warnAlways(`${what}: anybody on the way can read and change everything`);
}

async function makeSink(configuration: Configuration, host: Host, source: Source, tools: Tools): Promise<Sink> {
  const { sink, sinkValues, job, form } = configuration;
  const { world, stops, progress } = host;
  const named = {
    sourceName: sourceNameOf(configuration),
    idSpace: (branch: string) => idSpaceOf(configuration, source, branch),
    trustsIds: job.dedupe === 'id',
  };
  return sink.create(sinkValues, {
    ...tools,
    ...named,
    output: besideProgress(stoppable(world.output, stops.grace), progress),
    file: appendFile,
    wire: (address) => openWire(address, { ...connection(configuration, host, 'sink', address), stop: stops.grace }),
    guid: world.guid,
    ...(await commandAfterDashes(configuration, host)),
    ...(form && { form: { name: form.name, encode: form.make(form.values, { ...named, now: world.now }) } }),
  });
}

async function makeSource(
  { source: definition, sourceOrigin, sourceValues, job }: Configuration,
  { world, stops }: Host,
  tools: Tools,
): Promise<Pick<Ends, 'source' | 'close'>> {
  const nothing = (): Promise<void> => Promise.resolve();
  if (sourceOrigin === 'standard input') {
    world.input.look();
    const chunks = world.input.chunks(stops.stop);
    return { source: linesSource(definition, chunks, job.search, tools, job.overlap), close: nothing };
  }
  const isSample = sourceOrigin === 'built-in' && definition.name === 'sample';
  if (!isSample || sourceValues['SAMPLE_URL'] !== undefined) {
    return { source: restSource(definition, sourceValues, job.search, tools), close: nothing };
  }
  const { startSampleVendor } = await import('../io/sample/sample-vendor.ts');
  const vendor = await startSampleVendor({ now: world.now });
  try {
    const values = { ...sourceValues, SAMPLE_URL: vendor.url };
    // Its port is another one at every run: the position must not depend on it.
    return { source: { ...restSource(definition, values, job.search, tools), scope: '' }, close: vendor.close };
  } catch (error) {
    await vendor.close();
    throw error;
  }
}

/** The door to the command after `--`, loaded only for those who name one. */
async function commandAfterDashes(configuration: Configuration, host: Host): Promise<Pick<SinkTools, 'command'>> {
  const { world, log, stops, progress } = host;
  const words = configuration.naming.command;
  if (words === undefined) return {};
  const { openCommand } = await import('../io/command.ts');
  return {
    command: openCommand(words, {
      environment: world.environment,
      timeout: configuration.http.timeout,
      stop: stops.grace,
      say: (line) => log.quote(basename(words[0]), line),
      isClosed: world.output.kind === 'closed',
      put: (bytes) => world.output.write(bytes),
      makeWay: () => void (world.output.kind === 'terminal' && progress.end()),
    }),
  };
}

/** The source's name for the destination; for pipes, that of the job: records of two pipes may have the same IDs. */
function sourceNameOf({ source, sourceOrigin, naming }: Configuration): string {
  return sourceOrigin === 'standard input' ? (naming.job ?? source.name) : source.name;
}

/**
 * The space within which an ID means one record: `jira.3f9a2c1b07d4`. Two tenants of a vendor may use the same IDs, and so may
 * two branches of one tenant: a record of one must not pass for a repeat of the other's.
 */
function idSpaceOf(configuration: Configuration, { scope }: Source, branch: string): string {
  const name = sourceNameOf(configuration);
  const place = branch === '' ? scope : `${scope}\n${branch}`;
  return place === '' ? name : `${name}.${hash('sha256', place).slice(0, 12)}`;
}
