/** Datagram sockets that the process was given as standard input or output. */

export const datagramSocket = 'a socket for datagrams';

/**
 * Whether Node made a stream socket of a descriptor. Of a datagram socket, it silently makes an input that is empty, and an
 * output that throws everything away (lib/internal/bootstrap/switches/is_main_thread.js).
 */
export function isStream(made: unknown): boolean {
  return made instanceof process.getBuiltinModule('node:net').Socket;
}
