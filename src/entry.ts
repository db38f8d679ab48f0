/** Where Node starts: hands the world to `main`, and its answer to the shell. */
import { letGoOfTerminals } from './io/streams/let-go.ts';
import { systemWorld } from './io/world.ts';
import { main } from './main.ts';

void start();

/** Sets the exit status and returns: ending by force would cut off what a slow reader has not taken yet. */
async function start(): Promise<void> {
  process.exitCode = await main(process.argv.slice(2), systemWorld(process.env));
  process.on('exit', letGoOfTerminals);
}
