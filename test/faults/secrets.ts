/** Where a secret could have got to, and in what disguise. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** None of the secrets is in what a run printed, nor in any file below `directory` but `except`. */
export function expectHidden(
  secrets: readonly string[],
  printed: { readonly stdout: string; readonly stderr: string },
  directory: string,
  except: string,
): void {
  const spellings = secrets.flatMap(spellingsOf);
  const expectClean = (place: string, bytes: Buffer): void => {
    for (const spelling of spellings) assert.ok(!bytes.includes(spelling), `${place} shows ${spelling}`);
  };
  expectClean('stdout', Buffer.from(printed.stdout));
  expectClean('stderr', Buffer.from(printed.stderr));
  for (const path of filesIn(directory)) if (path !== except) expectClean(path, readFileSync(path));
}

function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}

function filesIn(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
  return paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}
