/**
 * The one door to plain byte streams: TCP, or TLS over it, to a receiver that answers nothing (syslog). Each delivery is a
 * connection of its own, because its end is the only sign of life that such a protocol has: we say that no more comes, and
 * the receiver closes its side once it has read everything. A receiver that stops meanwhile resets the connection instead,
 * which a connection kept open would show too late, or never.
 *
 * One that goes away before it read anything (a forwarder whose backend is down) says so by the same sign: it closes its
 * side, and resets only what reaches it afterwards. So we say that no more comes only when such an end would have been here.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Problem } from '../core/problem.ts';
import type { Wire } from '../core/sink-tools.ts';
import { patientlyByAddress } from './connection/connecting.ts';
import { connectionProblem, type Where } from './http/http-errors.ts';
import { refuseUnprotected, tlsOptions, type Trust } from './connection/tls.ts';
import { converse, type ConversationLimits } from './wire/conversation.ts';
import { noteCertificate } from './connection/tls-errors.ts';

export interface WireOptions extends Trust, ConversationLimits {}

/** For how long, in milliseconds, a connection without data vouches for those that close late: a slow receiver is not asked each time. */
const vouching = 60_000;

/** A wire to `tls://host:port` or `tcp://host:port`. Nothing is connected before the first delivery. */
export function openWire(address: string, options: WireOptions): Wire {
  const url = new URL(address);
  refuseUnprotected(url, options);
  const method = url.protocol === 'tls:' ? 'TLS' : 'TCP';

  let vouched = Number.NEGATIVE_INFINITY;

  async function converseOnce(bytes: Buffer, where: Where): ReturnType<typeof converse> {
    if (options.stop?.aborted === true) throw options.stop.reason;
    const socket = await open(url, options);
    try {
      return await converse(socket, bytes, where, options);
    } catch (error) {
      throw connectionProblem(error, where);
    } finally {
      socket.destroy();
    }
  }

  return {
    async deliver(bytes, whenBroken) {
      const where: Where = { role: 'sink', method, url, whenBroken };
      const end = await converseOnce(bytes, where);
      if (end !== 'late') return end;
      if (bytes.length > 0 && performance.now() - vouched > vouching) {
        await converseOnce(Buffer.alloc(0), where).catch(haveLeft);
        vouched = performance.now();
      }
      return 'closed';
    },
  };
}

/** Who cannot be asked again may have taken what was sent before, however little of this connection was made. */
function haveLeft(error: unknown): never {
  throw error instanceof Problem && error.again?.untaken === true ? error.with({ again: {} }) : error;
}

async function open(url: URL, options: WireOptions): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const connection = { host, port: Number(url.port), allowHalfOpen: true, ...patientlyByAddress };
  const net = await import('node:net');
  if (url.protocol !== 'tls:') return net.connect(connection);
  const { connect } = await import('node:tls');
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  return noteCertificate(connect({ ...connection, ...servername, ...(await tlsOptions(options)) }));
}
