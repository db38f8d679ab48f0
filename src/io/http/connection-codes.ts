/** Codes of failed connections, from undici, zlib and the system, and what they mean to a person. */
import { atAddress, nextRun, type Hint } from '../../core/hint.ts';
import { errorCode } from '../error-code.ts';

export const network: Hint = ['check the network and the service', nextRun('the next run continues from here')];

type Meaning = readonly [what: string, hint: Hint];

/** Codes of a connection that failed or broke: what happened, and what to do if it lasts. */
export const transientCodes: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  [
    'ECONNREFUSED',
    ['refused the connection', atAddress((url) => `check the host and port in ${url}, and that the service is up`)],
  ],
  ['ECONNRESET', ['broke the connection', network]],
  ['EPIPE', ['broke the connection', network]],
  ['UND_ERR_SOCKET', ['closed the connection before the end of the reply', network]],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', ['cut the reply short', network]],
  ['HPE_INVALID_EOF_STATE', ['cut the reply short', network]],
  ['Z_BUF_ERROR', ['cut the reply short', network]],
  ['ERR_STREAM_PREMATURE_CLOSE', ['cut the reply short', network]],
  [
    'UND_ERR_CONNECT_TIMEOUT',
    ['did not accept the connection in time', 'check the host, the port and the firewalls between'],
  ],
  ['ETIMEDOUT', ['did not answer in time', network]],
  ['EAI_AGAIN', ['has a host name that cannot be resolved now', 'check the name server']],
  [
    'EMFILE',
    ['could not be asked: too many files are open in this process', 'raise its limit (ulimit -n, or LimitNOFILE=)'],
  ],
  ['ENFILE', ['could not be asked: too many files are open on this machine', 'see which process has so many (lsof)']],
  ['UND_ERR_CLOSED', ['was given up here', network]],
  ['UND_ERR_DESTROYED', ['was given up here', network]],
]);

/** Codes of a connection that broke: what happens to an idle one that the server has closed meanwhile. */
export const brokenCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Codes of a reply that did not come whole, or not at all, on a connection that was made. */
export const cutShortCodes = new Set([
  ...brokenCodes,
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
  'Z_BUF_ERROR',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Codes of a connection that was never made. */
export const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Codes of a host that was looked for in vain, and may be reached through a proxy alone. */
export const inVain = new Set(['ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** The error's code; of the several attempts of one connection (IPv6 and IPv4), the first that has one. */
export function codeOf(error: Error): string {
  // undici gives the errors of its parser no code. This one is not about what came, but about what did not.
  if (error.name === 'HTTPParserError' && error.message.includes('Invalid EOF state')) return 'HPE_INVALID_EOF_STATE';
  if (error instanceof AggregateError) {
    const codes = new Set(error.errors.map((each: unknown) => (each instanceof Error ? codeOf(each) : '')));
    codes.delete('');
    const [first] = codes;
    if (first !== undefined) return first;
  }
  return errorCode(error);
}

/**
 * What is wrong with an answer that undici cannot read; undefined where it is something else that failed. What its parser
 * refuses while it reads often has the code of a body that is too short, or of a connection that closed (several lengths, a
 * status of 101 that nobody asked for), or is an assertion (a status below 100): where it was thrown tells them apart.
 */
export function notHttp(error: Error, code: string): string | undefined {
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'sent more than 16 KiB of headers';
  return /\bat Parser\.(?:on|execute)/.test(error.stack ?? '') ? 'does not speak HTTP' : undefined;
}
