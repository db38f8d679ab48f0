/** Runs the tests of the fault catalogue and writes down what they showed: test/FAULTS.md. Fails if one of them did. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { run } from 'node:test';
import { faultFiles, render, reportPath, unproven, type FaultTest } from '../faults/report.ts';

const files = faultFiles();
const results: FaultTest[][] = [];

/** Runs one file after another, each by itself: a test's own report does not say which file it is from. */
async function work(): Promise<void> {
  for (let at = results.length; at < files.length; at = results.length) {
    results[at] = []; // taken
    results[at] = await testsOf(files[at] ?? '');
  }
}

function testsOf(path: string): Promise<FaultTest[]> {
  const tests: FaultTest[] = [];
  const note = (name: string, passed: boolean): void => {
    if (!/^[A-Z]\d\d /.test(name)) return; // the file, or a group
    tests.push({ name, file: basename(path), passed });
    if (!passed) process.stderr.write(`failed: ${name}\n`);
  };
  return new Promise((resolve) => {
    const stream = run({ files: [path], timeout: 180_000 });
    stream.on('test:pass', ({ name }) => note(name, true));
    stream.on('test:fail', ({ name }) => note(name, false));
    stream.once('end', () => resolve(tests));
    stream.resume();
  });
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
const tests = results.flat();
const passed = tests.filter((each) => each.passed).length;
const missing = unproven(tests.map(({ name }) => name));
writeFileSync(reportPath, render(tests));
if (missing.length > 0) process.stderr.write(`no test: ${missing.join(' ')}\n`);
if (missing.length > 0 || passed < tests.length) process.exitCode = 1;
process.stdout.write(`${tests.length} tests, ${passed} passed: ${reportPath}\n`);
