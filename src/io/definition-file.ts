/** A source definition that a user wrote: YAML or JSON. The only file that knows yaml. */
import { isAbsolute } from 'node:path';
import type { LineCounter, Scalar } from 'yaml';
import { deepPart, mostLevels } from '../core/definition/levels.ts';
import { parseDefinition, type SourceDefinition } from '../core/definition.ts';
import { exit, Problem } from '../core/problem.ts';
import { errorCode } from './error-code.ts';
import { examplePath } from './package-folder.ts';
import { readSmallFile, whyUnread } from './disk/small-file.ts';

/** No definition is this long; a file that is was given by mistake. */
const maxBytes = 1024 * 1024;

/**
 * The definition in a .yaml, .yml or .json file. Throws Problem 78 that names the file, and the place in it. `patience` is
 * that of `readSmallFile`.
 */
export async function readDefinition(path: string, patience?: number): Promise<SourceDefinition> {
  const value = await parseFile(path, readText(path, patience));
  const deep = deepPart(value);
  if (deep !== undefined) throw tooDeep(`${path}: ${deep.slice(1)}`);
  return parseDefinition(value, path, examplePath('acme.yaml'));
}

async function parseFile(path: string, text: string): Promise<unknown> {
  const simple = soundJson(text);
  if (simple !== undefined) return simple;
  // Loaded only for users of such files: the built-in sources do not pay for it.
  const { default: yaml } = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: false, // it compares each key with all others: a minute for 60,000
    prettyErrors: true,
    lineCounter: lines,
    customTags: [],
  });
  const wrong = document.errors[0] ?? document.warnings[0];
  if (wrong?.code === 'MULTIPLE_DOCS') {
    throw new Problem(exit.config, `${path} has more than one document`, {
      hint: 'write each definition into a file of its own',
    });
  }
  if (wrong?.code === 'RESOURCE_EXHAUSTION') throw tooDeep(path, /( at line \d+, column \d+)/.exec(wrong.message)?.[0]);
  if (wrong !== undefined) throw notYaml(path, wrong.message);
  yaml.visit(document, {
    Map(_, { items }) {
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!yaml.isScalar(key)) continue;
        if (known.has(key.value)) throw notYaml(path, `Map keys must be unique at ${placeIn(lines, key)}`);
        known.add(key.value);
      }
    },
  });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }); // aliases of aliases could fill the memory
  } catch (error) {
    throw notYaml(path, error instanceof Error ? error.message : String(error));
  }
  if (isEndless(value)) throw notYaml(path, 'an alias (*) stands inside of what it repeats');
  return value;
}

function placeIn(lines: LineCounter, { range }: Scalar): string {
  const { line, col } = lines.linePos(range?.[0] ?? 0);
  return `line ${line}, column ${col}`;
}

function isEndless(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch {
    return true;
  }
}

/**
 * The value, if the text is JSON and no object has a key twice. JSON is YAML, so what is wrong with it is left to yaml,
 * which also says where; but to load that takes a sixth of a tick.
 */
function soundJson(text: string): unknown {
  let keys = 0;
  try {
    const value: unknown = JSON.parse(text, function (this: unknown, key, inner: unknown) {
      if (key !== '' && !Array.isArray(this)) keys += 1;
      return inner;
    });
    const written = text.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?/g);
    return [...written].filter(([, key, colon]) => key !== '' && colon !== undefined).length === keys
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string, patience: number | undefined): string {
  try {
    return readSmallFile(path, maxBytes, patience).bytes.toString('utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EFBIG') {
      throw new Problem(exit.config, `the definition ${path} is larger than ${maxBytes} bytes`, {
        hint: 'give the path of a source definition, not of records',
      });
    }
    throw new Problem(exit.config, `the definition ${path} cannot be read (${whyUnread(error)})`, {
      hint: hintFor(code, path),
    });
  }
}

function hintFor(code: string, path: string): string {
  if (code === 'ETIMEDOUT') return 'start what is to write into it, or give the path of a plain file';
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)
    ? `give the name of a built-in source, or the path of a .yaml, .yml or .json file${whereLookedFor(path)}`
    : 'let the user of this job read it, or see whether the disk is failing (dmesg)';
}

/** Cron starts a job in its user's home. */
function whereLookedFor(path: string): string {
  return isAbsolute(path) ? '' : `; it was looked for in ${currentDirectory()}`;
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return 'the current directory, which is no longer there';
  }
}

function tooDeep(what: string, where = ''): Problem {
  return new Problem(exit.config, `${what} is nested more than ${mostLevels} levels deep${where && `,${where}`}`, {
    hint: `fix the file there; ${examplePath('acme.yaml')} shows the form`,
  });
}

function notYaml(path: string, message: string): Problem {
  const [line = '', ...shown] = message.split('\n');
  const quotes = shown.some((each) => /[:,[-]\s*\{\w+\}/.test(each))
    ? 'a text that begins with a { needs quotes; '
    : '';
  const form = path.toLowerCase().endsWith('.json') ? 'JSON' : 'YAML';
  return new Problem(exit.config, `${path} is not valid ${form}: ${line.replace(/:$/, '')}`, {
    hint: `fix the file there; ${quotes}${examplePath('acme.yaml')} shows the form`,
  });
}
