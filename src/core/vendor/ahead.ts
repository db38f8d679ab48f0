/** The request for the next page, sent before the records of the page at hand are delivered. */
import type { Tools } from '../tools.ts';
import type { Question, VendorClient, VendorReply } from './vendor-client.ts';

export interface Ahead {
  /**
   * Sends the request if it can leave at once, and not otherwise: one that waits for its turn, or for a login, could not be
   * called off, and would keep a run that ends meanwhile from ending.
   */
  ask(question: Question): Promise<void>;
  /** The reply to what was asked last; undefined when nothing was. */
  reply(): Promise<VendorReply> | undefined;
  /** The reply was read. */
  done(): void;
  /** Nobody will read the reply. */
  discard(): void;
}

/** Nothing is asked yet. */
export function askingAhead(vendor: Pick<VendorClient, 'isFree' | 'stream'>, tools: Pick<Tools, 'turn'>): Ahead {
  let asked: Promise<VendorReply> | undefined;
  return {
    async ask(question) {
      if (!vendor.isFree()) return;
      asked = vendor.stream(question);
      void settled(asked);
      await tools.turn(); // or it would leave only after the records were delivered
    },
    reply: () => asked,
    done() {
      asked = undefined;
    },
    discard: () => void discarded(asked),
  };
}

/** A request that fails before it is waited for is no unhandled rejection: whoever reads the page is told. */
async function settled(reply: Promise<unknown>): Promise<void> {
  try {
    await reply;
  } catch {
    // see above
  }
}

async function discarded(reply: Promise<VendorReply> | undefined): Promise<void> {
  try {
    await (await reply)?.discard();
  } catch {
    // nobody needs to know that it failed
  }
}
