/** What kind of reply this is, by its status and headers, before its body is read. */
import { Buffer } from 'node:buffer';
import type { HttpReply } from '../types.ts';

/** Statuses that come with what was asked for; 204, 206 and 304 do not. */
export function isSuccess(status: number): boolean {
  return status === 200 || status === 201 || status === 202;
}

export function isHtml({ headers }: HttpReply): boolean {
  return /\bhtml\b/i.test(headers['content-type'] ?? '');
}

/** No content: what some vendors answer where nothing was found (RFC 9110 section 15.3.5). */
export const noContent = 204;

/** Such a reply as an empty JSON document. */
export async function emptyDocument(reply: HttpReply): Promise<HttpReply> {
  await reply.discard();
  const text = '{}';
  const body = async function* (): AsyncGenerator<Buffer> {
    yield await Promise.resolve(Buffer.from(text));
  };
  return { ...reply, body: body(), text: () => Promise.resolve(text), discard: () => Promise.resolve() };
}

/** The encoding that a reply says it has, unless that is UTF-8. */
export function foreignCharset({ headers }: HttpReply): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset) ? undefined : charset;
}
