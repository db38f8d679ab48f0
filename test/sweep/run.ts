/**
 * The full sweeps: `npm run test:sweep`, or with the names of some destinations. Every kill point, a hundred kills at
 * random moments, and every failing operation with every error code. Prints the tables and what went wrong.
 */
import { bundleProgram } from './bundle.ts';
import { batch, destinations } from './destinations.ts';
import { sweep, table } from './kill.ts';
import { operationsTable, sweepOperations } from './operations.ts';
import { useSmallBatches } from './small-batches.ts';

/** Destinations that differ in what they do on disk and on the network; one of each kind is enough for operations. */
const forOperations = ['file', 'stdout', 'elastic', 'splunk'];

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(destinations);
const program = await bundleProgram();
const kills = [];
const operations = [];
useSmallBatches(batch);
try {
  for (const name of names) {
    const make = destinations[name];
    if (make === undefined) throw new Error(`no destination is called ${name}`);
    kills.push(await sweep({ program: program.path, sink: name, make, step: 1, first: 1, random: 100 }));
    if (!forOperations.includes(name)) continue;
    for (const kind of ['file', 'socket'] as const) operations.push(await sweepOperations(name, make, kind, 1));
  }
} finally {
  program.remove();
}
const places = new Map<string, number>();
for (const tally of kills) {
  for (const [place, count] of tally.places) places.set(place, (places.get(place) ?? 0) + count);
}
process.stdout.write(`${table(kills)}\n\n${operationsTable(operations)}\n\n`);
for (const [place, count] of [...places].toSorted(([one], [other]) => one.localeCompare(other))) {
  process.stdout.write(`${count}\t${place}\n`);
}
for (const { sink, faults } of [...kills, ...operations]) {
  for (const fault of faults) process.stdout.write(`${sink}: ${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
}
