/**
 * The crash points C0 to C13, one test each: the program is killed with SIGKILL just there, runs again, and nothing is
 * lost; what a destination may get twice is one batch at most, and nothing where it knows or undoes a repeat.
 *
 * C14 (between the state and metrics or a heartbeat) and C15 (a spool) cannot occur: there are none of these.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bundleProgram } from './bundle.ts';
import { destinationOf } from './destinations.ts';
import { openHistory } from './history.ts';
import { type Kill, killedRun } from './killed-run.ts';

let program: Awaited<ReturnType<typeof bundleProgram>>;
before(async () => (program = await bundleProgram()));
after(() => program.remove());

interface CrashPoint {
  readonly what: string;
  readonly kill: Kill;
  readonly sinks: readonly string[];
  /** The vendor wants a login first. */
  readonly session?: boolean;
  /** In the first run of a job; otherwise in a later one. */
  readonly first?: boolean;
}

const network = ['sekoia', 'elastic'];
const all = [...network, 'file', 'stdout'];

/** With a key the first request is for a page; a batch of three leaves after the first page of four. */
const points: readonly CrashPoint[] = [
  { what: 'C0 before the lock', kill: { called: 'state directory: made', point: 1 }, sinks: all, first: true },
  {
    what: 'C1 holding the lock, before the login',
    kill: { called: 'lock: taken', point: 1 },
    sinks: all,
    session: true,
  },
  { what: 'C2 after the login', kill: { called: 'http: body read', point: 1 }, sinks: all, session: true },
  { what: 'C3 in the middle of a page', kill: { called: 'http: reply headers', point: 1 }, sinks: all },
  { what: 'C4 a page is read, nothing is sent', kill: { called: 'http: body read', point: 1 }, sinks: all },
  { what: 'C5 while a batch is sent', kill: { called: 'http: request sent', point: 2 }, sinks: network },
  { what: 'C6 the batch is stored, the answer is lost', kill: { stored: 1 }, sinks: network },
  {
    what: 'C7 the answer is read, nothing is committed',
    kill: { called: 'http: body read', point: 2 },
    sinks: network,
  },
  { what: 'C8 the position is half written', kill: { called: 'position: temp half written', point: 1 }, sinks: all },
  { what: 'C9 the position is synced, not renamed', kill: { called: 'position: temp synced', point: 1 }, sinks: all },
  {
    what: 'C10 the position is renamed, its directory not synced',
    kill: { called: 'position: renamed', point: 1 },
    sinks: all,
  },
  { what: 'C11 all is committed, before the end', kill: { called: 'position: journal cleared', point: 1 }, sinks: all },
  { what: 'C12 the quarantine is written, not synced', kill: { called: 'quarantine: written', point: 1 }, sinks: all },
  {
    what: 'C13 Splunk has accepted, the acknowledgement is to come',
    kill: { called: 'http: body read', point: 2 },
    sinks: ['splunk with acknowledgements'],
  },
];

for (const { what, kill, sinks, session = false, first = false } of points) {
  test(`${what}: nothing is lost`, { timeout: 120_000 }, async () => {
    for (const sink of sinks) {
      const make = destinationOf(sink);
      let allowed = 0;
      const history = await openHistory({
        start: killedRun(program.path),
        async make(directory) {
          const destination = await make(directory);
          allowed = destination.repeats;
          return destination;
        },
        session,
        slices: false,
      });
      try {
        if (!first) {
          history.produce();
          await history.recover();
        }
        history.produce();
        const { signal, stderr } = await history.run(kill);
        assert.equal(signal, 'SIGKILL', `${sink}: ${stderr}`);
        if (kill.called !== undefined) assert.match(stderr, new RegExp(`killed at ${kill.called}`), sink);
        await history.recover();
        const { lost, foreign, forgotten, repeats } = history.compare();
        assert.deepEqual({ lost, foreign, forgotten }, { lost: [], foreign: [], forgotten: 0 }, sink);
        assert.ok(repeats <= allowed, `${sink}: ${repeats} repeats`);
      } finally {
        await history.close();
      }
    }
  });
}

const branches = ['north', 'east', 'south', 'west'];

/** Killed when a batch is at the destination and nobody has written it down. */
const delivered: readonly (readonly [sink: string, kill: (nth: number) => Kill])[] = [
  ['stdout', (nth) => ({ called: 'output: written', point: nth })],
  ['splunk', (nth) => ({ stored: nth })],
  ['sekoia', (nth) => ({ stored: nth })],
  ['elastic', (nth) => ({ stored: nth })],
];

for (const [sink, killAt] of delivered) {
  const repeated = sink === 'elastic' ? 'nothing' : 'no more than the batch';
  test(
    `${sink}: killed in whichever branch, ${repeated} is repeated, and nothing is lost`,
    { timeout: 120_000 },
    async () => {
      for (let nth = 1, signal: string | null = 'SIGKILL'; signal === 'SIGKILL'; nth++) {
        const make = destinationOf(sink);
        let allowed = 0;
        const history = await openHistory({
          start: killedRun(program.path),
          async make(directory) {
            const destination = await make(directory);
            allowed = destination.repeats;
            return destination;
          },
          session: false,
          slices: false,
          branches,
        });
        try {
          for (let minute = 0; minute < 2; minute++) history.produce();
          ({ signal } = await history.run(killAt(nth)));
          await history.recover();
          const { repeats, ...wrong } = history.compare();
          assert.deepEqual(wrong, { lost: [], foreign: [], forgotten: 0 }, `batch ${nth}`);
          assert.ok(repeats <= allowed, `batch ${nth}: ${repeats} repeats`);
          assert.ok(signal === 'SIGKILL' || nth > branches.length, `only ${nth} batches`);
        } finally {
          await history.close();
        }
      }
    },
  );
}

test(
  'a run that is killed while it removes the lock of a killed run holds up nobody',
  { timeout: 120_000 },
  async () => {
    const make = destinationOf('file');
    const history = await openHistory({ start: killedRun(program.path), make, session: false, slices: false });
    try {
      for (const called of ['lock: taken', 'lock: dead holder removed', 'lock: made']) {
        const { signal, stderr } = await history.run({ called, point: 1 });
        assert.equal(signal, 'SIGKILL', stderr);
      }
      history.produce();
      assert.equal(await history.recover(), 1);
      assert.deepEqual(history.compare(), { lost: [], foreign: [], repeats: 0, forgotten: 0 });
    } finally {
      await history.close();
    }
  },
);
