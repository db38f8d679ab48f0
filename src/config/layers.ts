/** Where settings come from: the environment first, then the env files, of which the last one named comes first. */
import type { Environment } from '../io/world.ts';
import { fullPath } from './full-path.ts';

/** What messages call the environment, where they name the place of a setting. */
export const theEnvironment = 'the environment';

export interface EnvFile {
  /** Its path as the user wrote it, for messages. */
  readonly path: string;
  readonly text: string;
  readonly values: ReadonlyMap<string, string>;
}

export interface Layers {
  readonly environment: Environment;
  /** In the order in which they are searched. */
  readonly files: readonly EnvFile[];
}

export interface Found {
  readonly text: string;
  /** The file that it stands in; undefined for the environment. */
  readonly file: EnvFile | undefined;
}

/** The first text for a name that is not blank. */
export function lookUp(layers: Layers, name: string): Found | undefined {
  const text = layers.environment[name];
  if (text !== undefined && text.trim() !== '') return { text, file: undefined };
  for (const file of layers.files) {
    const inFile = file.values.get(name);
    if (inFile !== undefined && inFile.trim() !== '') return { text: inFile, file };
  }
  return undefined;
}

/** The place of something found, for messages. */
export function whereFound({ file }: Pick<Found, 'file'>): string {
  return file?.path ?? theEnvironment;
}

/** The number of the place where something was found, in the order of lookup: -1 for the environment. */
export function rank(layers: Layers, { file }: Found): number {
  return file === undefined ? -1 : layers.files.indexOf(file);
}

/** Whether a name is there at all, with a value or without one. */
export function isThere({ environment, files }: Layers, name: string): boolean {
  return name in environment || files.some(({ values }) => values.has(name));
}

/** Where a person would write settings down: the env file in use. Nothing can be written into `-e /dev/null`. */
export function settingsPlace(layers: Layers): string {
  const first = layers.files.find(({ path }) => !path.startsWith('/dev/'));
  if (first === undefined) return `${theEnvironment} or in an env file (-e)`;
  return fullPath(first.path);
}
