/**
 * The kill sweep: the program is killed at its Nth failpoint and at its Nth request, for every N until a run has no Nth,
 * then runs again until it ends well, and what the destination has is compared with what the vendor has.
 */
import { destinationOf } from './destinations.ts';
import { type Comparison, type History, openHistory } from './history.ts';
import { type Kill, killedRun } from './killed-run.ts';

export interface KillTally {
  readonly sink: string;
  /** Runs that were killed. */
  kills: number;
  lost: number;
  foreign: number;
  forgotten: number;
  repeats: number;
  /** Most repeats after one kill. */
  worst: number;
  /** Where they were killed, and how often. */
  readonly places: Map<string, number>;
  /** What went wrong, one line each. */
  readonly faults: string[];
}

export interface SweepOptions {
  readonly program: string;
  readonly sink: string;
  /** Every how many points; 1 is all of them. */
  readonly step: number;
  /** Where to begin: 1 to `step`. */
  readonly first: number;
  /** Kills at random moments besides. */
  readonly random: number;
  /** Told after each kill. */
  progress?(text: string): void;
}

/** Sweeps one sink: first runs and later runs at every point and every request, and random moments. */
export async function sweep({ program, sink, step, first, random, progress }: SweepOptions): Promise<KillTally> {
  const tally: KillTally = {
    sink,
    kills: 0,
    lost: 0,
    foreign: 0,
    forgotten: 0,
    repeats: 0,
    worst: 0,
    places: new Map(),
    faults: [],
  };
  const start = killedRun(program);

  /** One kill and what follows; false when the run came to its end. */
  async function killOnce(history: History<Kill>, kill: Kill, when: string): Promise<boolean> {
    history.produce();
    const before = history.compare().repeats;
    const { signal, status, stderr } = await history.run(kill);
    const killed = signal === 'SIGKILL';
    const place = killed ? placeOf(kill, stderr) : 'its end';
    const where = `${when}, ${JSON.stringify(kill)} (${place})`;
    if (killed) {
      tally.kills += 1;
      tally.places.set(place, (tally.places.get(place) ?? 0) + 1);
    } else if (status !== 0 && status !== 3) tally.faults.push(`${where}: status ${status}: ${stderr}`);
    progress?.(`${tally.kills} kills, ${tally.faults.length} faults; ${where}`);
    await history.recover().catch((error: unknown) => tally.faults.push(`${where}: ${String(error)}`));
    count(history.compare(), before, where);
    return killed;
  }

  function count(found: Comparison, before: number, where: string): void {
    const repeats = found.repeats - before;
    tally.repeats += repeats;
    tally.worst = Math.max(tally.worst, repeats);
    tally.lost += found.lost.length;
    tally.foreign += found.foreign.length;
    tally.forgotten += found.forgotten;
    if (found.lost.length + found.foreign.length + found.forgotten > 0 || repeats > allowed) {
      const { lost, foreign, forgotten } = found;
      tally.faults.push(`killed at ${where}: ${JSON.stringify({ lost, foreign, forgotten, repeats })}`);
    }
  }

  /** How long a run takes at most, in milliseconds; lowered when a kill comes too late to kill anything. */
  let whole = 180;
  function* moments(): Generator<Kill> {
    for (let number = 0; number < random; number++) {
      yield { after: earliest + Math.floor(Math.random() * (whole - earliest)) };
    }
  }

  const make = destinationOf(sink);
  let allowed = 0;
  async function open(): Promise<History<Kill>> {
    return openHistory({
      start,
      async make(directory) {
        const destination = await make(directory);
        allowed = destination.repeats;
        return destination;
      },
      session: true,
      slices: true,
    });
  }

  /** Kills as long as there is something to kill at; `first` begins with an empty state directory each time. */
  async function series(kills: Iterable<Kill>, when: 'first run' | 'later run'): Promise<void> {
    let history: History<Kill> | undefined;
    try {
      for (const kill of kills) {
        if (when === 'first run') {
          await history?.close();
          history = undefined;
        }
        history ??= await open();
        if (await killOnce(history, kill, when)) continue;
        if (kill.after === undefined) return;
        whole = Math.max(earliest + 1, kill.after);
      }
    } finally {
      await history?.close();
    }
  }

  for (const when of ['later run', 'first run'] as const) {
    await series(numbered('point', first, step), when);
    await series(numbered('asked', Math.ceil(first / 4), Math.ceil(step / 4)), when);
    if (sink === 'command') await series([{ byCommand: true }], when);
  }
  await series(moments(), 'later run');
  return tally;
}

/** Milliseconds before which a run has not begun to do anything. */
const earliest = 20;

function* numbered(kind: 'point' | 'asked', first: number, step: number): Generator<Kill> {
  for (let number = first; ; number += step) yield { [kind]: number };
}

function placeOf(kill: Kill, stderr: string): string {
  if (kill.asked !== undefined) return 'a request: taken, not answered';
  if (kill.byCommand === true) return 'the command: it has everything, and has not ended';
  return /killed at (.*)/.exec(stderr)?.[1] ?? 'a random moment';
}

/** The tallies as the table of the README. */
export function killTable(tallies: readonly KillTally[]): string {
  const rows = tallies.map(
    ({ sink, kills, lost, repeats, worst, foreign, forgotten }) =>
      `| ${sink} | ${kills} | ${lost} | ${foreign} | ${forgotten} | ${repeats} | ${worst} |`,
  );
  return [
    '| destination | kills | records lost | altered | refused and forgotten | repeats | most repeats after one kill |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
