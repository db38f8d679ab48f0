/** One connection to a receiver that answers nothing, from the first byte to the sign that it has read the last. */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { atAddress, nextRun, type Hint } from '../../core/hint.ts';
import { exit, Problem } from '../../core/problem.ts';
import { serverText } from '../../core/text/shown.ts';
import { connectTimeout } from '../connection/connecting.ts';
import { orTls, problem, type Where } from '../http/http-errors.ts';
import { afterWaiting } from '../timer.ts';
import { isUnacknowledged } from './acknowledged.ts';

export interface ConversationLimits {
  /** How long the receiver may take to accept the connection (10 s at most), the bytes, and their end: each, in milliseconds. */
  readonly timeout: number;
  /** How long the receiver may take to close its side once it has everything, in milliseconds. Default: 5 s. */
  readonly farewell?: number;
  /** Ends what is under way; its reason is a Problem and is thrown as it is. */
  readonly stop?: AbortSignal;
}

const mayBePlain = atAddress((url) => `check the port: it may be one for plain TCP, where ${url} begins with tcp://`);
const defaultFarewell = 5000;
/**
 * How long the other side must keep the connection once everything is written, in milliseconds. If it had closed before our
 * bytes arrived, we hear of that within one round trip; connecting took at least one, so we wait twice as long as that. The
 * least is for forwarders, which accept first and then try their backend.
 */
const leastPause = 100;
const longestPause = 2000;
/**
 * The same when nothing is written, so that only time can show that somebody is there: HAProxy tries for three seconds to
 * reach a server that is down, and meanwhile takes what it will pass on to nobody.
 */
const probePause = 4000;
/**
 * A forwarder that closes later than this, in milliseconds, may have found no server: a connection without data shows it.
 */
const late = 500;

/** Connects, writes, pauses, half-closes, and waits for the other side to do the same. */
export function converse(
  socket: Socket,
  bytes: Buffer,
  where: Where,
  { timeout, farewell = defaultFarewell, stop }: ConversationLimits,
): Promise<'closed' | 'late' | 'open'> {
  return new Promise((resolve, reject) => {
    if (stop?.aborted === true) {
      reject(stop.reason as Problem); // it came while the connection was prepared
      return;
    }
    const begun = performance.now();
    let callOff = (): void => undefined;
    let isSettled = false;
    let isAccepted = false;
    let isSaid = false;
    let saidAt = 0;
    let ended = false;

    function limit(milliseconds: number, expire: () => void): void {
      callOff();
      callOff = afterWaiting(milliseconds, expire);
    }
    function done(act: () => void): void {
      isSettled = true;
      callOff();
      stop?.removeEventListener('abort', onStop);
      act();
    }
    const fail = (error: unknown): void => done(() => reject(error));
    const tooLate =
      (what: string, hint: Hint, again: Problem['again'] = {}) =>
      (): void =>
        fail(problem(exit.unavailable, where, what, { code: 'ETIMEDOUT', hint, again }));
    const absent = tooLate(
      'did not accept the connection in time',
      'check the host, the port and the firewalls between',
      { untaken: true },
    );
    // Receivers of plain TCP take the first words of TLS for a line without an end, and go on waiting for it.
    const mute = tooLate('accepted the connection, but did not answer in TLS in time', mayBePlain, {
      untaken: true,
    });
    const onStop = (): void => fail(stop?.reason);
    const overloaded = tooLate(
      'did not take the records in time',
      'see whether the receiver is overloaded or blocked, or the network loses what is sent',
    );
    const isWriting = (): void => limit(timeout, overloaded);

    stop?.addEventListener('abort', onStop, { once: true });
    limit(Math.min(connectTimeout, timeout), () => (isAccepted ? mute() : absent()));
    socket.once('connect', () => (isAccepted = true));
    socket.once(where.method === 'TLS' ? 'secureConnect' : 'connect', () => {
      const pause = bytes.length === 0 ? probePause : pauseAfter(performance.now() - begun);
      isWriting();
      socket.write(bytes, (error) => {
        // What has arrived meanwhile is read before an immediate: however late the timer is, an end is not overlooked.
        if (!error && !isSettled) limit(pause, () => setImmediate(sayEnd));
      });
    });
    function sayEnd(): void {
      if (isSettled) return;
      isWriting();
      isSaid = true;
      socket.end();
    }
    socket.once('finish', () => {
      saidAt = performance.now();
      awaitEnd(farewell);
    });
    // What our own system has taken is not there yet; whoever was slow to take it has as long to close as anybody.
    function awaitEnd(milliseconds: number, wasBehind = false): void {
      limit(milliseconds, () => {
        const isBehind = isUnacknowledged(socket);
        if (!isBehind && !wasBehind) return done(() => resolve('open'));
        const left = isBehind ? timeout - (performance.now() - saidAt) : farewell;
        if (left <= 0) overloaded();
        else awaitEnd(Math.min(farewell, left), isBehind);
      });
    }
    // What it says must be read, or its end would never be seen. It has no meaning, unless it is that of a web server, which
    // takes messages without a line break for the beginning of a request, waits for its end, and closes without an error.
    socket.once('data', (bytesSaid: Buffer) => {
      const said = bytesSaid.toString('latin1', 0, 100);
      if (isHttp.test(said)) fail(webServer(said, where));
    });
    socket.resume();
    socket.once('end', () => {
      ended = isSaid;
      if (!ended) fail(brokenOff(where));
    });
    socket.on('error', fail);
    const closed = (): void => done(() => resolve(performance.now() - saidAt > late ? 'late' : 'closed'));
    socket.once('close', () => setImmediate(() => (ended ? closed() : fail(brokenOff(where)))));
  });
}

/** `connecting`: how long that took. Both in milliseconds. */
function pauseAfter(connecting: number): number {
  return Math.min(Math.max(leastPause, 2 * connecting), longestPause);
}

const isHttp = /^HTTP\/\d/;

function webServer(said: string, where: Where): Problem {
  const code = serverText(said.split(/[\r\n]/, 1)[0] ?? '');
  return problem(exit.protocol, where, 'answered as a web server', {
    code,
    hint: atAddress((url) => `check the port in ${url}: a receiver of syslog answers nothing`),
  });
}

/** The receiver went away by itself, and left behind what it had not read. */
function brokenOff(where: Where): Problem {
  return problem(exit.unavailable, where, 'closed the connection before it had everything', {
    hint: orTls(['see the log of the receiver', nextRun('the records are sent again')], where),
    again: {},
  });
}
