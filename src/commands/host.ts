/** What every command gets besides its flags. */
import type { Log } from '../io/log.ts';
import type { StopRequests } from '../io/stop.ts';
import type { ProgressLine } from '../io/streams/terminal.ts';
import type { World } from '../io/world.ts';

export interface Host {
  readonly world: World;
  readonly log: Log;
  readonly progress: ProgressLine;
  readonly stops: StopRequests;
}
