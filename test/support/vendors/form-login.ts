/**
 * Plays a product that has no API key: a page with a form, a token against forged requests, a session cookie, and records
 * behind it. In the ways of three frameworks, as their documentation describes them.
 */
import type { ServerResponse } from 'node:http';
import { sendHtml, sendJson, serve, type LoggedRequest, type Vendor } from './server.ts';

/**
 * `field`: a hidden field, and the form again with 200 for who is refused (Django). `meta`: a meta tag whose text goes into a
 * header, and a redirect back to the form (Laravel). `cookie`: a cookie that scripts read, percent-encoded, and hand on in
 * a header with every POST; it changes with the login (Spring, Angular).
 */
export type Style = 'field' | 'meta' | 'cookie';

export interface FormLogin extends Vendor {
  /** Ends all sessions; what is asked for then leads to the form. */
  expire(): void;
  /** A logout needs the token of the session, too, which changed with the login. */
  isGuarded: boolean;
  logins(): number;
  open(): number;
}

export async function startFormLogin(style: Style, home = '/home'): Promise<FormLogin> {
  const sessions = new Map<string, { csrf: string; user?: string }>();
  let serial = 0;
  let logins = 0;

  const make = (user?: string): readonly [id: string, csrf: string] => {
    serial += 1;
    const [id, csrf] = [`canary-session-${serial}`, `canary/csrf+"${serial}"==`];
    sessions.set(id, { csrf, ...(user !== undefined && { user }) });
    return [id, csrf];
  };

  const cookies = (id: string, csrf: string): string[] => [
    `sid=${id}; Path=/; HttpOnly`,
    ...(style === 'cookie' ? [`XSRF-TOKEN=${encodeURIComponent(csrf)}; Path=/`] : []),
  ];

  function page(response: ServerResponse): void {
    const [id, csrf] = make();
    response.setHeader('Set-Cookie', cookies(id, csrf));
    sendHtml(response, 200, `<html>${tokenIn(csrf)}<form><input type="password" name="p"></form></html>`);
  }

  function tokenIn(csrf: string): string {
    const escaped = csrf.replaceAll('"', '&quot;').replaceAll('+', '&#x2B;');
    const token = {
      field: `<INPUT value="${escaped}" type='hidden' name=csrf>`,
      meta: `<meta name="csrf-token" content="${escaped}">`,
      cookie: '',
    }[style];
    const old = '<!-- <input name="csrf" value="old"><meta name="csrf-token" content="old"> -->';
    return old + token;
  }

  function tokenOf({ body, headers }: LoggedRequest): unknown {
    const name = style === 'meta' ? 'x-csrf-token' : 'x-xsrf-token';
    return style === 'field' ? new URLSearchParams(body).get('csrf') : headers[name];
  }

  function login(request: LoggedRequest, response: ServerResponse, id: string): void {
    const form = new URLSearchParams(request.body);
    const session = sessions.get(id);
    if (session === undefined || tokenOf(request) !== session.csrf)
      return sendHtml(response, 403, '<h1>CSRF failed</h1>');
    if (form.get('p') !== 'canary-password') {
      if (style === 'field') return page(response);
      return void response.writeHead(302, { Location: '/login?error' }).end();
    }
    sessions.delete(id);
    logins += 1;
    const [made, csrf] = make('auditor');
    response.writeHead(302, { Location: home, 'Set-Cookie': cookies(made, csrf) }).end();
  }

  const served = await serve({}, (request, response) => {
    const { pathname } = new URL(request.target, 'http://form');
    const id = /sid=([\w-]+)/.exec(String(request.headers['cookie']))?.[1] ?? '';
    const session = sessions.get(id);
    const isIn = session?.user !== undefined;
    if (pathname === '/login' && request.method === 'POST') return login(request, response, id);
    if (pathname === '/login') {
      if (!isIn) return page(response);
      if (home === '/login') return sendHtml(response, 200, '<h1>Welcome</h1>');
      return void response.writeHead(302, { Location: home }).end(); // who is in needs no form
    }
    if (pathname === '/logout') {
      if (vendor.isGuarded && tokenOf(request) !== session?.csrf) return sendHtml(response, 403);
      sessions.delete(id);
      return void response.writeHead(302, { Location: '/login' }).end();
    }
    if (!isIn) return void response.writeHead(302, { Location: `/login?next=${pathname}` }).end();
    if (pathname === home) return sendHtml(response, 200, `<html>${tokenIn(session?.csrf ?? '')}</html>`);
    if (style === 'cookie' && request.headers['x-xsrf-token'] !== session?.csrf) return sendHtml(response, 403);
    const at = Number(new URL(request.target, 'http://form').searchParams.get('page') ?? 1);
    sendJson(response, 200, `{"data":[{"id":${at}}],"pages":3}`);
  });
  const vendor = Object.assign(served, {
    isGuarded: false,
    expire: () => sessions.clear(),
    logins: () => logins,
    open: () => [...sessions.values()].filter(({ user }) => user !== undefined).length,
  });
  return vendor;
}
