/**
 * The position file as text, for `cat` and for the next run:
 *
 *     audit-export position 1 sha256:<of everything below>
 *     {
 *       "job": …, "source": …, "sink": …, "asked": …, "generation": …, "lastSuccess": …, "lastRepeat": …, "lastGap": …,
 *       "failures": …, "refusals": …, "stuck": …, "last": …, "credentials": …, "saved": …, "begin": …,
 *       "next": …,
 *       "branches": [{ "name": …, "watermark": …, "begin": …, "bookmark": …, "slice": …, "settled": …, "listed": …,
 *                     "untold": …, "remembered": <number of IDs> }]
 *     }
 *     <the remembered IDs of each branch in that order: a line each (core/ledger/ledger-line.ts), then an empty line>
 */
import { Buffer } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { dormantLedger } from '../../core/ledger/dormant-ledger.ts';
import { Problem } from '../../core/problem.ts';
import type { Position } from '../../core/types.ts';
import { reached } from '../failpoint.ts';
import { documentText, positionOf, type StoredDocument } from './document.ts';
import { positionText } from './text.ts';
import { writeFully } from '../disk/write-fully.ts';

const version = 1;
const headingStart = `audit-export position ${version} sha256:`;
const blank = headingOf('0'.repeat(64));
const chunkSize = 1024 * 1024;
/** From so many remembered IDs on, they are read when they are needed. */
const many = 10_000;

/** A position and what its file says beyond it. */
export interface StoredPosition {
  readonly job: string;
  readonly generation: number;
  /** The first line of the file. No two generations share it, because it holds the checksum. */
  readonly heading: string;
  readonly position: Position;
}

/** What reading a position file comes to. */
export type PositionReading = StoredPosition | { readonly damage: string } | { readonly newer: number };

/** Writes a whole position file in blocks; returns its size in bytes and its first line. */
export async function writePosition(
  file: FileHandle,
  job: string,
  generation: number,
  position: Position,
): Promise<{ readonly size: number; readonly heading: string }> {
  const hash = createHash('sha256');
  let size = 0;
  async function append(bytes: Buffer): Promise<void> {
    await writeFully(file, bytes, size);
    size += bytes.length;
  }
  await append(Buffer.from(blank)); // the checksum is known at the end
  for (const block of blocks(job, generation, position)) {
    hash.update(block);
    await append(block);
    reached('position: temp half written');
  }
  const first = headingOf(hash.digest('hex'));
  await writeFully(file, Buffer.from(first), 0);
  return { size, heading: first };
}

/** How the remembered IDs are read. */
export interface ReadIds {
  /** Seed of the ledgers that hold them, see createLedger. */
  readonly seed: number;
  /** Makes the Problem of what is found wrong with many IDs later. */
  unusable(damage: string): Problem;
}

/** Reads and checks a position file; without `ids` they are left out, for a listing, and everything is checked all the same. */
export async function readPosition(file: FileHandle, ids: ReadIds | undefined): Promise<PositionReading> {
  const first = await readHeading(file);
  const written = Number(/^audit-export position (\d{1,9}) /.exec(first)?.[1]);
  if (written > version) return { newer: written };
  if (!first.startsWith(headingStart)) return { damage: 'the first line is not that of a position file' };
  const hash = createHash('sha256');
  const chunks = hashed(file, first.length, hash);
  const parsed = await parse(chunks, ids);
  for await (const rest of chunks) void rest; // what is left after a mistake belongs to the checksum, too
  if (first !== headingOf(hash.digest('hex'))) return { damage: 'the checksum does not match' };
  if (typeof parsed === 'string') return { damage: parsed };
  return { ...parsed, heading: first };
}

/** The first line of a position file, or what stands in its place. */
export async function readHeading(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(blank.length), 0, blank.length, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

function headingOf(digest: string): string {
  return `${headingStart}${digest}\n`;
}

function* blocks(job: string, generation: number, position: Position): Generator<Buffer> {
  yield Buffer.from(documentText(job, generation, position));
  const separator = Buffer.from('\n');
  for (const { ledger } of position.branches.values()) {
    if (ledger.size() > 0) yield* ledger.lines(); // which begins with room for many: there may be thousands of branches
    yield separator;
  }
}

async function* hashed(file: FileHandle, start: number, hash: Hash): AsyncGenerator<Buffer, void> {
  for (let at = start; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkSize), 0, chunkSize, at);
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    yield chunk;
    at += bytesRead;
  }
}

/** What the text after the first line says, or what is wrong with it. Nothing of it counts before the checksum does. */
async function parse(
  chunks: AsyncGenerator<Buffer, void>,
  ids: ReadIds | undefined,
): Promise<Omit<StoredPosition, 'heading'> | string> {
  const text = positionText(chunks);
  const json = await text.document();
  if (json === undefined) return 'the document does not end';
  try {
    const document = JSON.parse(json) as StoredDocument;
    const position = positionOf(document, ids?.seed ?? 0);
    const stored = { job: document.job, generation: document.generation, position };
    if (ids === undefined) return stored;
    for (const { name, remembered: expected } of document.branches) {
      const blocks = await text.lines();
      if (blocks === undefined) return 'it ends within the remembered IDs';
      const place = position.branches.get(name)!;
      if (expected >= many) {
        position.branches.set(name, { ...place, ledger: dormantLedger(blocks, expected, ids.seed, ids.unusable) });
        continue;
      }
      for (const block of blocks) place.ledger.read(block);
      if (place.ledger.size() !== expected) {
        return `branch ${JSON.stringify(name)} remembers ${place.ledger.size()}, not ${expected}`;
      }
    }
    return (await text.isOver()) ? stored : 'something follows the remembered IDs';
  } catch (error) {
    if (error instanceof SyntaxError) return 'it is not JSON';
    if (error instanceof TypeError || error instanceof RangeError) return 'its content is not that of a position';
    if (error instanceof Problem) return error.message;
    throw error;
  }
}
