/**
 * Whether what was said on a connection has reached the other side. Our own system takes some hundred kilobytes at once, and sends
 * them when it can; only its acknowledgements show that they have arrived.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Our end was sent, or waits behind what is to be sent before it, and is not acknowledged (include/net/tcp_states.h). */
const finWait1 = '04';

/**
 * Whether the other side's system has yet to acknowledge something on a connection whose end we have said. Linux tells it,
 * https://docs.kernel.org/networking/proc_net_tcp.html, also to a service of systemd with ProcSubset=pid; elsewhere the answer is no.
 */
export function isUnacknowledged({ localPort, remotePort }: Pick<Socket, 'localPort' | 'remotePort'>): boolean {
  const line = new RegExp(`:${hexadecimal(localPort)} [0-9A-F]+:${hexadecimal(remotePort)} ${finWait1} `);
  return ['/proc/self/net/tcp', '/proc/self/net/tcp6'].some((path) => line.test(content(path)));
}

function hexadecimal(port = 0): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

function content(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
