/** Recorded pages and records in test/sources/<name>/, written for these tests in the shapes that the vendors publish. */
import { readFile } from 'node:fs/promises';

/** The lines of a .jsonl fixture. */
export async function fixture(source: string, name: string): Promise<string[]> {
  const text = await readFile(new URL(`../sources/${source}/${name}`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '');
}
