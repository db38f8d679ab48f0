/**
 * The kill sweep: the program is killed at its Nth failpoint, for every N until a run passes no Nth, then runs again
 * until it ends well, and what the destination has is compared with what the vendor has.
 */
import type { Destination } from './destinations.ts';
import { type Comparison, type History, type Kill, openHistory } from './history.ts';

export interface Tally {
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
  readonly make: (directory: string) => Promise<Destination>;
  /** Every how many points; 1 is all of them. */
  readonly step: number;
  /** Where to begin: 1 to `step`. */
  readonly first: number;
  /** Kills at random moments besides. */
  readonly random: number;
}

/** Sweeps one sink: first runs, later runs, requests that were stored and not answered, and random moments. */
export async function sweep({ program, sink, make, step, first, random }: SweepOptions): Promise<Tally> {
  const tally: Tally = {
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

  /** One kill and what follows; false when the run came to its end. */
  async function killOnce(history: History, kill: Kill): Promise<boolean> {
    history.produce();
    const before = history.compare().repeats;
    const { signal, status, stderr } = await history.run(kill);
    const killed = signal === 'SIGKILL';
    const place = killed ? placeOf(kill, stderr) : 'its end';
    if (killed) {
      tally.kills += 1;
      tally.places.set(place, (tally.places.get(place) ?? 0) + 1);
    } else if (status !== 0 && status !== 3) tally.faults.push(`status ${status}: ${stderr}`);
    await history.recover();
    count(history.compare(), before, `${JSON.stringify(kill)} (${place})`);
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

  let allowed = 0;
  /** Kills as long as there is something to kill at; `fresh` begins with an empty state directory each time. */
  async function series(kills: Iterable<Kill>, fresh: boolean): Promise<void> {
    let history: History | undefined;
    try {
      for (const kill of kills) {
        if (fresh) await history?.close();
        if (fresh || history === undefined) {
          history = await openHistory(program, async (directory) => {
            const destination = await make(directory);
            allowed = destination.repeats;
            return destination;
          });
        }
        if (!(await killOnce(history, kill)) && kill.after === undefined) return;
      }
    } finally {
      await history?.close();
    }
  }

  await series(numbered('point', first, step), false);
  await series(numbered('point', first, step), true);
  if (tally.places.size > 0) await series(numbered('stored', 1, step), false);
  await series(moments(random), false);
  return tally;
}

function* numbered(kind: 'point' | 'stored', first: number, step: number): Generator<Kill> {
  for (let number = first; ; number += step) yield { [kind]: number };
}

/** Spread over the time that a run takes. */
function* moments(count: number): Generator<Kill> {
  for (let number = 0; number < count; number++) yield { after: 40 + Math.floor(Math.random() * 140) };
}

function placeOf(kill: Kill, stderr: string): string {
  if (kill.stored !== undefined) return 'destination: stored, not answered';
  return /killed at (.*)/.exec(stderr)?.[1] ?? 'a random moment';
}

/** The tallies as the table of the README. */
export function table(tallies: readonly Tally[]): string {
  const rows = tallies.map(
    ({ sink, kills, lost, repeats, worst, foreign, forgotten }) =>
      `| ${sink} | ${kills} | ${lost} | ${foreign} | ${forgotten} | ${repeats} | ${worst} |`,
  );
  return [
    '| sink | kills | records lost | altered | refused and forgotten | repeats | most repeats after one kill |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
