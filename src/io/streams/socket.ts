/** Sockets that the process was given as standard input or output. */

export const datagramSocket = 'a socket for datagrams';

/**
 * Whether what Node made of a descriptor is one: of a socket for datagrams it makes an input that is empty and an output
 * that throws everything away, without a word (lib/internal/bootstrap/switches/is_main_thread.js).
 */
export function isStream(made: unknown): boolean {
  return made instanceof process.getBuiltinModule('node:net').Socket;
}
