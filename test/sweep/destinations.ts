/** The places that a sweep delivers to: how the program is told of them, and which records they have by now. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  file: async (directory) => {
    const path = join(directory, 'records.jsonl');
    return {
      argv: ['--sink', 'file', '--output', path],
      environment: {},
      repeats: 0,
      texts: () => (existsSync(path) ? lines(readFileSync(path, 'utf8')) : []),
    };
  },
  command: async (directory) => {
    const path = join(directory, 'taken.jsonl');
    return {
      argv: ['--', 'sh', '-c', `cat >> ${path}`],
      environment: {},
      // It has ended well only when it was given everything: what a killed run gave it comes again as a whole.
      repeats: Infinity,
      texts: () => (existsSync(path) ? lines(readFileSync(path, 'utf8')) : []),
    };
  },
  stdout: async () => ({ argv: [], environment: {}, repeats: batch, texts: lines }),
};

/** Records in one batch of the program under test. */
export const batch = 3;

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

function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
