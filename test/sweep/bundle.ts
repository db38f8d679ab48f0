/** The program with failpoints armed as one file: a sweep starts it thousands of times, and sources start too slowly. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles failing-entry.ts in the way of test/tools/build.ts; `remove` deletes it. */
export async function bundleProgram(): Promise<{ readonly path: string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), 'sweep-bundle-'));
  const path = join(directory, 'program.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL('failing-entry.ts', import.meta.url))],
    outfile: path,
    bundle: true,
    platform: 'node',
    target: 'node20.18',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  });
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
