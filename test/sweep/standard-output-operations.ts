/**
 * Lies over Node's `write` and `fsync` of standard output. It has to be imported before the program, which keeps these
 * functions; what they do is decided at each call.
 */
import files from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Callback = (error: Error | null, count?: number) => void;

/** Says what an operation on standard output fails with; undefined lets it work. */
export const standardOutputOperations: { fail: ((operation: string) => Error | undefined) | undefined } = {
  fail: undefined,
};

const { write, fsync } = files;

/** With all that `promisify` wants to know of the original. */
function inPlaceOf<Original extends object>(original: Original, wrapper: (...words: unknown[]) => void): Original {
  return Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(original)) as unknown as Original;
}

files.write = inPlaceOf(write, (...words) => {
  const error = words[0] === 1 ? standardOutputOperations.fail?.('stdout.write') : undefined;
  if (error === undefined) return void Reflect.apply(write, files, words);
  const callback = words.at(-1) as Callback;
  // A full disk takes a part of the bytes first.
  files.writeSync(1, words[1] as Buffer, Number(words[2]), Number(words[3]) >> 1);
  process.nextTick(() => callback(error));
});
files.fsync = inPlaceOf(fsync, (...words) => {
  const error = words[0] === 1 ? standardOutputOperations.fail?.('stdout.fsync') : undefined;
  if (error === undefined) return void Reflect.apply(fsync, files, words);
  const callback = words.at(-1) as Callback;
  process.nextTick(() => callback(error));
});
syncBuiltinESMExports();
