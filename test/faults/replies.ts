/** Honest replies, bent: the same head or body in another framing, cut, or encoded. */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { reply, type Behaviour } from '../support/raw-server.ts';
import type { Fault, FaultVendor } from './vendor.ts';

export const json = { 'Content-Type': 'application/json' } as const;

/** The body of a reply. */
export function bodyOf(honest: Buffer): Buffer {
  return honest.subarray(honest.indexOf('\r\n\r\n') + 4);
}

/** A reply that ends with its connection: neither length nor chunks. */
export function unframed(body: Buffer | string): Behaviour {
  return (socket) =>
    void socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'), Buffer.from(body)]));
}

/** A chunked reply. */
export function chunked(body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.length.toString(16)}\r\n`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n0\r\n\r\n')]);
}

/** The reply with its body put through a compression; the vendor says which. */
export function encoded(body: Buffer, encoding: string): Buffer {
  return reply(200, { ...json, 'Content-Encoding': encoding }, body);
}

/** The fault strikes only the first time that it could. */
export function once(fault: Fault): Fault {
  let struck = false;
  return (asked, honest) => {
    if (struck) return undefined;
    const instead = fault(asked, honest);
    struck = instead !== undefined;
    return instead;
  };
}

/** The fault strikes this page only. */
export function onPage(page: number, fault: Fault): Fault {
  return (asked, honest) => (asked.kind === 'page' && asked.page === page ? fault(asked, honest) : undefined);
}

/** Hangs up without a word. */
export function hangUp(socket: Socket): boolean {
  socket.resetAndDestroy();
  return true;
}

/** Pages as they were asked for, in order. */
export function pagesAsked({ vendor }: { readonly vendor: FaultVendor }): number[] {
  return vendor.requests.flatMap((asked) => (asked.kind === 'page' ? [asked.page] : []));
}
