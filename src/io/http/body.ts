/** The body of a reply: decompressed, and read within the request's time. */
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, type Zlib } from 'node:zlib';
import { exit } from '../../core/problem.ts';
import { errorCode } from '../error-code.ts';
import { connectionProblem, problem, type Where } from './http-errors.ts';
import { reached } from '../failpoint.ts';
import { limitYoungGeneration } from './heap.ts';
import type { TimeLimit } from './time-limit.ts';

/** The encodings that we can decode, and therefore may ask for. Node 20 has no zstd. */
export const acceptedEncodings = 'gzip, br';

type Decoder = Transform & Pick<Zlib, 'bytesWritten'>;

const decoders: Readonly<Record<string, () => Decoder>> = {
  gzip: () => createGunzip({ chunkSize }),
  'x-gzip': () => createGunzip({ chunkSize }),
  deflate: () => createInflate({ chunkSize }),
  br: () => createBrotliDecompress({ chunkSize }),
};

const chunkSize = 64 * 1024;
const chunksBetweenLooks = 32;

export interface BodyOptions {
  readonly where: Where;
  /** As checked by `checkEncoding`. */
  readonly encoding: string;
  readonly limit: TimeLimit;
  /** Called when the body was read, broke or was given up. */
  readonly finished: () => void;
  /** Called when the body is not encoded as it says. */
  readonly misencoded: () => void;
}

/** The `Content-Encoding` in lower case. Throws Problem 76 when it is one that we cannot, or should not, decode. */
export function checkEncoding(header: string | undefined, where: Where): string {
  const encoding = (header ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity' || Object.hasOwn(decoders, encoding)) return encoding;
  const what = encoding.includes(',') ? 'encoded its reply more than once' : 'encoded its reply in a way not asked for';
  throw problem(exit.protocol, where, what, { hint: somethingBetween });
}

const somethingBetween = 'check the proxies and gateways between here and the service';

/** The chunks of a body. Leaving the loop early closes the connection. */
export async function* readBody(raw: Readable, options: BodyOptions): AsyncGenerator<Buffer, void, undefined> {
  const { where, encoding, limit } = options;
  const decoder = decoders[encoding]?.();
  // A stream in between costs a copy and a turn, so plain bodies go without. `pipeline` hands errors on both ways.
  const stream: Readable = decoder === undefined ? raw : pipeline(raw, decoder, () => undefined);
  let chunks = 0;
  try {
    limit.run();
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      limit.pause();
      if (chunks++ % chunksBetweenLooks === 0) limitYoungGeneration();
      yield chunk;
      limit.run();
    }
    // undici frees a connection one turn after the body's end; a request that comes sooner would open a second one.
    await new Promise((resolve) => setImmediate(resolve));
    reached('http: body read');
  } catch (error) {
    if (decoder !== undefined && isBare(error, decoder)) return;
    if (decoder === undefined || !isDecoding(error)) throw connectionProblem(error, where);
    options.misencoded();
    throw problem(exit.protocol, where, `sent a body that is not ${encoding}, though it says so`, {
      hint: somethingBetween,
      again: { once: true },
    });
  } finally {
    limit.pause();
    options.finished();
  }
}

/** The first `limit` bytes of a body as text, without a byte order mark (RFC 8259 section 8.1); the rest is not waited for. */
export async function readText(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk.subarray(0, limit - bytes));
    bytes += chunk.length;
    if (bytes >= limit) break;
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}

/** Reads a short rest, so that the connection can be used again; a longer one is not worth it. Never throws. */
export async function discardBody(body: AsyncIterable<Buffer>): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > chunkSize) break;
    }
  } catch {
    // nobody wants it
  }
}

/**
 * Whether the body ended without a byte, so that there is nothing to decode: some servers name an encoding for the body of
 * an error, and then send none.
 */
function isBare(error: unknown, { bytesWritten }: Decoder): boolean {
  return bytesWritten === 0 && errorCode(error) === 'Z_BUF_ERROR';
}

/** Errors of zlib: Z_DATA_ERROR and the like, ERR__ERROR_FORMAT_... of brotli. A body that merely ends early is not one. */
function isDecoding(error: unknown): boolean {
  const code = errorCode(error);
  return code !== 'Z_BUF_ERROR' && /^Z_|^ERR_(_ERROR|BROTLI)/.test(code);
}
