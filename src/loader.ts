/**
 * Loads the program's files, each with its V8 code cache from when the program was built: the compiled functions that a run
 * calls, which V8 would otherwise compile at every start, for a quarter of a tick's time. V8 takes a cache only if version
 * and flags are those it was made with, and compiles the text otherwise (https://v8.dev/blog/code-caching). But Node
 * changes V8 without changing its version: Node 20.18 crashes on a cache of 20.20. So a cache must have been made by this
 * very Node.
 *
 * A file is a CommonJS module in ASCII, which can require only modules of Node and the other files.
 */
import { Buffer } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

interface Module {
  exports: unknown;
}

type Body = (
  exports: unknown,
  require: (name: string) => unknown,
  module: Module,
  filename: string,
  dirname: string,
) => void;

const modules = new Map<string, Module>();

/** How each file ends: what is left of a torn one may be sound by itself, and do nothing, with status 0. */
export const lastLine = '// This is all of it.\n';

/** What was loaded, by name of the file. */
export const scripts = new Map<string, Script>();

/** Called with the name of a file that cannot be loaded, and why. It does not return. */
type GiveUp = (file: string, error: unknown) => never;

let unusable: GiveUp = (_file, error) => {
  throw error;
};

/** Evaluates the first file. The others are loaded by it, on demand: `giveUp` is for all of them. */
export function begin(file: string, giveUp: GiveUp): void {
  unusable = giveUp;
  load(file);
}

/** Evaluates a file beside this one, unless that was done before, and returns what it exports. */
export function load(file: string): unknown {
  const known = modules.get(file);
  if (known !== undefined) return known.exports;
  const module: Module = { exports: {} };
  modules.set(file, module);
  const filename = join(__dirname, file);
  const script = compiled(file, filename);
  scripts.set(file, script);
  const body = script.runInThisContext() as Body;
  body(module.exports, required, module, filename, __dirname);
  return module.exports;
}

function compiled(file: string, filename: string): Script {
  try {
    const content = readFileSync(filename, 'latin1');
    if (!content.endsWith(lastLine)) throw new Error('it has no end');
    const text = `(function (exports, require, module, __filename, __dirname) {${content}\n})`;
    return new Script(text, { filename, cachedData: codeCache(filename) });
  } catch (error) {
    return unusable(file, error);
  }
}

function required(name: string): unknown {
  return name.startsWith('./') ? load(name.slice(2)) : process.getBuiltinModule(name);
}

/** Undefined where this Node has made none: the program runs without it. */
function codeCache(filename: string): Buffer | undefined {
  try {
    const kept = readFileSync(`${filename}.cache`);
    const mark = markOfNode();
    return kept.subarray(-mark.length).equals(mark) ? kept.subarray(0, -mark.length) : undefined;
  } catch {
    return undefined;
  }
}

/** Stands at the end of a cache. One version of Node is built in several ways, such as for different C libraries. */
export function markOfNode(): Buffer {
  return Buffer.from(`\n${process.version} ${process.arch} ${statSync(process.execPath).size}\n`);
}
