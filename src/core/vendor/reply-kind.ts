/** What kind of reply this is, by its status and headers, before its body is read. */
import type { SourceDefinition } from '../definition.ts';
import type { HttpReply } from '../types.ts';

/** Whether the status comes with what was asked for: 204 and 206 are successful, and do not. */
export function bringsContent(status: number): boolean {
  return status === 200 || status === 201 || status === 202;
}

/** Whether the status says that there are no records: it then needs no body. */
export function tellsNothing({ reply }: SourceDefinition, { status }: Pick<HttpReply, 'status'>): boolean {
  return reply?.empty?.includes(status) === true;
}

export function isHtml({ headers }: HttpReply): boolean {
  return /\bhtml\b/i.test(headers['content-type'] ?? '');
}

/** The encoding that a reply says it has, unless that is UTF-8. */
export function foreignCharset({ headers }: HttpReply): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset) ? undefined : charset;
}
