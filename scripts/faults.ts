/** Runs the tests of the fault catalogue and writes down what they showed: test/FAULTS.md. Fails if one of them did. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { run } from 'node:test';
import { faultFiles, render, reportPath, unproven, type FaultTest } from '../test/faults/report.ts';

const tests: FaultTest[] = [];
const note = (passed: boolean) => (event: { readonly name: string; readonly file?: string | undefined }) => {
  if (!/^[A-Z]\d\d /.test(event.name)) return; // a file, or a group
  tests.push({ name: event.name, file: basename(event.file ?? ''), passed });
  if (!passed) process.stderr.write(`failed: ${event.name}\n`);
};

const stream = run({ files: faultFiles(), concurrency: 2 });
stream.on('test:pass', note(true));
stream.on('test:fail', note(false));
stream.resume();
stream.once('end', () => {
  writeFileSync(reportPath, render(tests.toSorted((one, other) => (one.name < other.name ? -1 : 1))));
  const missing = unproven(tests.map(({ name }) => name));
  if (missing.length > 0) process.stderr.write(`neither test nor reason: ${missing.join(' ')}\n`);
  if (missing.length > 0 || tests.some(({ passed }) => !passed)) process.exitCode = 1;
  process.stdout.write(`${tests.length} tests, ${tests.filter(({ passed }) => passed).length} passed: ${reportPath}\n`);
});
