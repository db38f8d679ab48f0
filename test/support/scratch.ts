/** Directories for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own for one test, removed afterwards. */
export function scratch(test: { after(clean: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'audit-export-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
