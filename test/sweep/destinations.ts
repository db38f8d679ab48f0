/** The places that a sweep delivers to: how the program is told of them, and which records they have by now. */
import { existsSync, ftruncateSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Output } from '../../src/core/sink-tools.ts';
import { standardOutput } from '../../src/io/streams/standard-output.ts';
import { fakeElastic } from '../support/sinks/elastic.ts';
import { fakeSekoia } from '../support/sinks/sekoia.ts';
import type { FakeServer } from '../support/sinks/server.ts';
import { fakeSplunk } from '../support/sinks/splunk.ts';

export interface Destination {
  /** Follows the other arguments of the program. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** How many records one kill may repeat; a batch, where a repeat is not known or undone. */
  readonly repeats: number;
  /** The texts of all records there, repeats included. `printed` is what all runs wrote to standard output. */
  texts(printed: string): readonly string[];
  /** The server behind it, if it is one. */
  readonly server?: FakeServer;
  /** Is it a request that carries records? */
  isData?(path: string): boolean;
  /** Where the program prints to when it runs in the process of the sweep; left out where that does not matter. */
  output?(): Output;
}

/** By name, each made anew for a history; `directory` is for what it keeps on disk. */
export const destinations: Readonly<Record<string, (directory: string) => Promise<Destination>>> = {
  elastic: async () => {
    const server = await fakeElastic();
    return {
      argv: ['--sink', 'elastic'],
      environment: { ELASTIC_URL: server.url, ELASTIC_INDEX: 'logs', ELASTIC_API_KEY: 'a:key' },
      repeats: 0,
      texts: () => [...server.documents.values()].map((line) => line.replace(/^\{"@timestamp":"[^"]*",/, '{')),
      server,
      isData: (path) => path.endsWith('_bulk'),
    };
  },
  splunk: () => splunk(false),
  'splunk with acknowledgements': () => splunk(true),
  sekoia: async () => {
    const server = await fakeSekoia();
    return {
      argv: ['--sink', 'sekoia'],
      environment: { SEKOIA_URL: server.url, SEKOIA_INTAKE_KEY: 'a-long-key' },
      repeats: batch,
      texts: () => server.lines,
      server,
      isData: () => true,
    };
  },
  file,
  command: async (directory) => {
    const path = join(directory, 'taken.jsonl');
    return {
      argv: ['--', 'sh', '-c', `cat >> ${path} && eval "$SWEEP_LAST_WORD"`],
      environment: {},
      // It has ended well only when it was given everything: what a killed run gave it comes again as a whole.
      repeats: Infinity,
      texts: () => (existsSync(path) ? lines(readFileSync(path, 'utf8')) : []),
    };
  },
  /** A pipe, when the program is a process of its own. */
  stdout: async () => ({ argv: [], environment: {}, repeats: batch, texts: lines }),
};

/** Throws when there is no such destination. */
export function destinationOf(sink: string): (directory: string) => Promise<Destination> {
  const make = sink === 'stdout in a file' ? stdoutFile : destinations[sink];
  if (make === undefined) throw new Error(`no destination is called ${sink}`);
  return make;
}

/** Standard output of this process, which must be a file; named `stdout in a file`. */
async function stdoutFile(): Promise<Destination> {
  ftruncateSync(1);
  return {
    argv: [],
    environment: {},
    repeats: batch,
    // What was torn is seen to be no record; what it tears along is lost.
    texts: () => lines(readFileSync('/proc/self/fd/1', 'utf8')).filter(isWhole),
    output: standardOutput,
  };
}

/** Records in one batch of the program under test. */
export const batch = 3;

async function file(directory: string): Promise<Destination> {
  const path = join(directory, 'records.jsonl');
  return {
    argv: ['--sink', 'file', '--output', path],
    environment: {},
    repeats: 0,
    texts: () => (existsSync(path) ? lines(readFileSync(path, 'utf8')) : []),
  };
}

async function splunk(ack: boolean): Promise<Destination> {
  const server = await fakeSplunk({ ack });
  return {
    argv: ['--sink', 'splunk'],
    environment: { SPLUNK_URL: server.url, SPLUNK_TOKEN: 'a-long-token', ...(ack && { SPLUNK_ACK: 'true' }) },
    repeats: batch,
    texts: () => server.lines.map((line) => line.slice(line.indexOf(',"event":') + ',"event":'.length, -1)),
    server,
    isData: (path) => path.endsWith('/event'),
  };
}

function isWhole(line: string): boolean {
  try {
    return JSON.parse(line) !== null;
  } catch {
    return false;
  }
}

function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
