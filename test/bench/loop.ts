/**
 * What audit-export is measured against, as separate processes over the same HTTP client:
 *
 *   loop parse <url>      JSON.parse every page, JSON.stringify every record to standard output
 *   loop discard <url>    read every page and throw it away; only the cursor is looked at
 */
import { once } from 'node:events';
import { Agent, request } from 'undici';

const [mode = '', address = ''] = process.argv.slice(2);
const dispatcher = new Agent();
const login = await request(new URL('/login', address), { method: 'POST', dispatcher });
await login.body.dump();
const cookie = String(login.headers['set-cookie']).split(';', 1).join();

let cursor: string | null = '0';
while (cursor !== null) {
  const url: string = `${address}?cursor=${cursor}`;
  const { body } = await request(url, { headers: { cookie }, dispatcher });
  cursor = mode === 'parse' ? await copy(await body.text()) : await discard(body);
}
await dispatcher.close();

async function copy(text: string): Promise<string | null> {
  const page = JSON.parse(text) as { page: { next: string | null }; data: unknown[] };
  const lines = page.data.map((record) => `${JSON.stringify(record)}\n`).join('');
  if (!process.stdout.write(lines)) await once(process.stdout, 'drain');
  return page.page.next;
}

async function discard(body: AsyncIterable<Buffer>): Promise<string | null> {
  let head: Buffer | undefined;
  for await (const chunk of body) head ??= chunk;
  return /"next":"(\d+)"/.exec(head?.toString('latin1', 0, 100) ?? '')?.[1] ?? null;
}
