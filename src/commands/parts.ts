/** From a checked configuration to a source and a sink that can work, and the tools they get. */
import { appendFile } from '../io/append-file.ts';
import { loadHttp, openHttp } from '../io/http.ts';
import { stoppable } from '../io/streams/standard-output.ts';
import { visible } from '../io/streams/terminal.ts';
import { openWire } from '../io/wire.ts';
import type { Trust } from '../io/tls.ts';
import type { Configuration } from '../config.ts';
import type { Role } from '../config/client-certificates.ts';
import { linesSource } from '../core/vendor/lines-source.ts';
import { restSource } from '../core/rest.ts';
import { withFields } from '../core/json/splice.ts';
import { toMillis } from '../core/time.ts';
import type { Sink, SinkTools, Source, Tools } from '../core/types.ts';
import type { Host } from './host.ts';

export interface Parts {
  readonly source: Source;
  readonly sink: Sink;
  /** The source's tools, which end with the first request to stop. */
  readonly tools: Tools;
  /** Loads what they need from disk, so that an upgrade in the middle of a run cannot mix two versions. */
  load(): Promise<void>;
  close(): Promise<void>;
}

/** Creates source and sink; nothing is connected yet. */
export async function makeParts(configuration: Configuration, host: Host): Promise<Parts> {
  const { world, log } = host;
  const { source: definition, sourceOrigin, sink: sinkDefinition, sinkValues, plan } = configuration;
  for (const secret of configuration.findings.secrets) log.hide(secret);
  for (const warning of configuration.findings.warnings) log.warn(warning);
  if (configuration.http.insecure) {
    log.warn('TLS certificates are not verified (--insecure): anybody on the way can read and change everything', true);
  }
  const deadline = plan.maxRuntime === undefined ? Infinity : world.now() + toMillis(plan.maxRuntime);
  let usesHttp = false;
  const noteHttp = (): void => void (usesHttp = true);
  const load = async (): Promise<void> => {
    if (usesHttp) await loadHttp();
  };
  const tools = makeTools(configuration, host, { role: 'source', deadline, noteHttp });
  const plain = sinkDefinition.create(sinkValues, {
    ...makeTools(configuration, host, { role: 'sink', deadline, noteHttp }),
    sourceName: sourceNameOf(configuration),
    output: stoppable(world.output, host.stops.grace),
    file: appendFile,
    wire: (address) => openWire(address, { ...connection(configuration, host, 'sink'), stop: host.stops.grace }),
    guid: world.guid,
    ...(await commandAfterDashes(configuration, host)),
    ...(configuration.form && { form: configuration.form.name }),
  });
  const sink = withFields(inForm(plain, configuration, world.now), configuration.fields, tools);
  if (sourceOrigin === 'standard input') {
    world.input.look();
    const source = linesSource(definition, world.input.chunks(host.stops.stop), plan.search, tools);
    return { source, sink, tools, load, close: () => Promise.resolve() };
  }
  const isSample = sourceOrigin === 'built-in' && definition.name === 'sample';
  if (!isSample || configuration.sourceValues['SAMPLE_URL'] !== undefined) {
    const source = restSource(definition, configuration.sourceValues, plan.search, tools);
    return { source, sink, tools, load, close: () => Promise.resolve() };
  }
  const { startSampleVendor } = await import('../io/sample-vendor.ts');
  const vendor = await startSampleVendor({ now: world.now });
  try {
    const values = { ...configuration.sourceValues, SAMPLE_URL: vendor.url };
    // Its port is another one at every run: the position must not depend on it.
    const source = { ...restSource(definition, values, plan.search, tools), scope: '' };
    return { source, sink, tools, load, close: vendor.close };
  } catch (error) {
    await vendor.close(); // a server that listens keeps the program running
    throw error;
  }
}

/** The door to the command after `--`, loaded only for those who name one. */
async function commandAfterDashes(configuration: Configuration, host: Host): Promise<Pick<SinkTools, 'command'>> {
  const { world, log, stops } = host;
  const words = configuration.naming.command;
  if (words === undefined) return {};
  const { command } = await import('../io/command.ts');
  return {
    command: command(words, {
      environment: world.environment,
      timeout: configuration.http.timeout,
      stop: stops.grace,
      say: (line) => world.stderr.write(`${visible(log.clean(line))}\n`),
    }),
  };
}

/** Where records come from, for the destination. All pipes have one name, but their records may have the same IDs. */
function sourceNameOf({ source, sourceOrigin, naming }: Configuration): string {
  return sourceOrigin === 'standard input' ? (naming.job ?? source.name) : source.name;
}

/** The sink, printing in the form that `--bulk-format` asks for. */
function inForm(sink: Sink, configuration: Configuration, now: () => number): Sink {
  const { form } = configuration;
  if (form === undefined) return sink;
  return { ...sink, encode: form.make(form.values, { sourceName: sourceNameOf(configuration), now }) };
}

/** What every connection needs to know. */
function connection({ http }: Configuration, { world }: Host, role: Role): Trust & { readonly timeout: number } {
  const { timeout, insecure, extraRoots, clients } = http;
  const client = clients[role];
  return {
    timeout,
    insecure,
    environment: world.environment,
    ...(extraRoots === undefined ? {} : { extraRoots }),
    ...(client === undefined ? {} : { client }),
  };
}

interface Use {
  readonly role: Role;
  readonly deadline: number;
  /** Called when a client is asked for. */
  noteHttp(): void;
}

/** A sink's client may finish its request after a stop was asked for; a source's may not. */
function makeTools(configuration: Configuration, host: Host, { role, deadline, noteHttp }: Use): Tools {
  const { world, log, stops } = host;
  const stop = role === 'source' ? stops.stop : stops.grace;
  return {
    http(base) {
      noteHttp();
      return openHttp(base, {
        ...connection(configuration, host, role),
        stop,
        now: world.now,
        debug: log.trace,
        hide: log.hidePassing,
        role,
      });
    },
    now: world.now,
    wait: (milliseconds) => world.wait(milliseconds, stops.stop),
    turn: world.turn,
    random: world.random,
    debug: log.debug,
    hide: log.hidePassing,
    isSecret: (text) => log.clean(text) !== text,
    warn: (message) => log.warn(message),
    stop: stops.stop,
    deadline,
  };
}
