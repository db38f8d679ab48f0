/** Logouts and the like. Nothing here throws: what was read stays read, however they end. */
import type { Http, HttpReply, HttpRequest, Tools } from '../tools.ts';

/** Sends a request that ends something, such as a logout, even after a stop request. */
export async function endAtVendor(
  what: string,
  request: () => HttpRequest | Promise<HttpRequest>,
  send: (request: HttpRequest) => Promise<HttpReply>,
  { debug }: Pick<Tools, 'debug'>,
): Promise<void> {
  try {
    const asked = { ...(await request()), final: true };
    // A form leads on (301, 302, 303) from what it has done; 307 and 308 say where to send it.
    let reply = await send({ ...asked, keepRedirect: asked.method !== 'GET' });
    await reply.discard();
    if (reply.status === 307 || reply.status === 308) {
      reply = await send(asked);
      await reply.discard();
    }
    debug(`ended ${what}`, { status: reply.status });
  } catch (error) {
    debug(`ending ${what} failed`, { problem: error instanceof Error ? error.message : String(error) });
  }
}

/** Closes a client, if it was opened. */
export async function closeClient(client: Http | undefined, { debug }: Pick<Tools, 'debug'>): Promise<void> {
  try {
    await client?.close();
  } catch (error) {
    debug('closing the connection failed', { problem: String(error) });
  }
}
