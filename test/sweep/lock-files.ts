/** A system that forbids abstract Unix sockets, so that the lock of a run is a file. */
import { Server } from 'node:net';

/** Until the returned function is called, listening on one fails as systemd's RestrictAddressFamilies has it. */
export function forbidAbstractSockets(): () => void {
  const original = Server.prototype.listen;
  function listen(this: Server, ...words: unknown[]): unknown {
    if (typeof words[0] !== 'string' || !words[0].startsWith('\0')) return Reflect.apply(original, this, words);
    const error = Object.assign(new Error('abstract sockets are forbidden'), { code: 'EAFNOSUPPORT' });
    process.nextTick(() => this.emit('error', error));
    return this;
  }
  Server.prototype.listen = listen as typeof original;
  return () => void (Server.prototype.listen = original);
}
