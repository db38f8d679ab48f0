/** What lies in a job's quarantine file: a record stays there, and is missing at the destination, until a person moves it. */
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { counted } from '../../core/text/counted.ts';
import { orFileProblem } from '../disk/file-problem.ts';
import { readToShow } from '../state/own-file.ts';
import { jobNameOf, namesIn, positionSuffix, quarantineSuffix } from '../state/directory.ts';

const blockSize = 256 * 1024;

export interface SetAside {
  readonly path: string;
  readonly records: number;
  /** When the first was; '' where its line does not say. */
  readonly since: string;
}

/** `3 records set aside in PATH since TIME`; `there` where what is told before it, `told`, has named the path. */
export function setAsideText({ path, records, since }: SetAside, told = ''): string {
  const where = told.includes(path) ? 'there' : `in ${path}`;
  return `${counted(records)} set aside ${where}${since === '' ? '' : ` since ${since}`}`;
}

/** The jobs of `directory` that have a quarantine file, by name, each with the path of the position that it has or would have. */
export async function listSetAside(directory: string): Promise<{ readonly job: string; readonly path: string }[]> {
  const names = (await namesIn(directory)).filter((file) => file.endsWith(quarantineSuffix)).sort();
  return names.map((file) => {
    const name = file.slice(0, -quarantineSuffix.length);
    return { job: jobNameOf(name), path: join(directory, name + positionSuffix) };
  });
}

/**
 * Of the job whose position is at `position`; undefined when there are none. A last line without an end does not count: a
 * kill tore it, and its record comes again.
 */
export async function setAsideBeside(position: string): Promise<SetAside | undefined> {
  const path = position.slice(0, -positionSuffix.length) + quarantineSuffix;
  return orFileProblem('read the quarantine', path, () =>
    readToShow(path, 'quarantine', async (file) => {
      const block = Buffer.allocUnsafe(blockSize);
      let records = 0;
      let since = '';
      for (let at = 0; ;) {
        const { bytesRead } = await file.read(block, 0, blockSize, at);
        if (bytesRead === 0) return records === 0 ? undefined : { path, records, since };
        const found = block.subarray(0, bytesRead);
        if (at === 0) since = /^\{"time":"([^"]+)"/.exec(found.toString('latin1', 0, 100))?.[1] ?? '';
        for (let end = found.indexOf(0x0a); end !== -1; end = found.indexOf(0x0a, end + 1)) records += 1;
        at += bytesRead;
      }
    }),
  );
}
