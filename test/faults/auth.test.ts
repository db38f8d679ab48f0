/** Logins, sessions and logouts that go wrong. */
import assert from 'node:assert/strict';
import { reply, thenReset } from '../support/raw-server.ts';
import { fault, scene, type Scene } from './harness.ts';
import { answer, askedOf } from './answers.ts';
import { once, onPage } from './replies.ts';
import type { Fault } from './vendor.ts';

const session = { session: true };
const html = { 'Content-Type': 'text/html; charset=utf-8' };
const loginPage = '<!DOCTYPE html><title>Sign in</title><form method="post">';

/** Answers logins. */
function onLogin(make: Fault): Fault {
  return (asked, honest) => (asked.kind === 'login' ? make(asked, honest) : undefined);
}

function logins({ vendor }: Scene): number {
  return vendor.requests.filter(({ kind }) => kind === 'login').length;
}

for (const status of [401, 403]) {
  fault('A01', `a login that is refused (${status}) is not tried again, and its body is not shown`, async (context) => {
    const here = await scene(context, session);
    here.vendor.fault = onLogin(() => answer(here, status, '{"message":"no such user canary-user"}'));
    const result = await here.run();
    assert.deepEqual(askedOf(here.vendor.requests), ['login']); // more would lock the account
    await here.expectProblem(result, {
      exit: 77,
      message: new RegExp(`^acme refused the login \\(HTTP ${status}\\)$`),
      hint: /^check ACME_USERNAME and ACME_PASSWORD/,
    });
  });
}

fault('A02', 'a login with status 200 and no cookie is none', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = onLogin(() => answer(here, 200, '{"status":"ok"}'));
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme answered the login without a cookie$/,
    hint: /single sign-on/,
  });
});

fault('A03', 'a login that is answered with a page of single sign-on is none', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = onLogin(() => answer(here, 200, loginPage, { ...html, 'Set-Cookie': 'lang=en' }));
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme answered the login with something other than JSON$/,
    hint: /single sign-on/,
  });
});

fault(
  'A04',
  'a login that redirects (302) is refused, because the credentials would be lost on the way',
  async (context) => {
    const here = await scene(context, session);
    here.vendor.fault = onLogin(() => answer(here, 302, '', { Location: '/home', 'Set-Cookie': 'sid=x' }));
    const result = await here.run();
    assert.deepEqual(askedOf(here.vendor.requests), ['login', 'logout']); // it may have begun a session all the same
    await here.expectProblem(result, {
      exit: 76,
      message: /^acme answered the login with a redirect to \/home \(HTTP 302\), as a form for people does$/,
      hint: /^set ACME_URL in the environment to the final address/,
    });
  },
);

fault('A04', 'a login that moved within the host (307) is followed with its body', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = onLogin(({ path }) =>
    path === '/login' ? answer(here, 307, '', { Location: '/login?moved=1' }) : undefined,
  );
  here.expectSuccess(await here.run());
});

fault(
  'A05',
  'a session that ends in the middle is renewed once, and the same page asked for again',
  async (context) => {
    const here = await scene(context, session);
    let ended = false;
    here.vendor.fault = (asked) => {
      if (asked.kind !== 'page' || asked.page !== 2 || ended) return undefined;
      ended = true;
      here.vendor.sessions.clear();
      return answer(here, 401, '{"message":"session expired"}');
    };
    here.expectSuccess(await here.run());
    assert.equal(
      askedOf(here.vendor.requests).join(', '),
      'login, page 1, page 2, logout, login, page 2, page 3, logout',
    );
    assert.equal(here.vendor.sessions.size, 0, 'no session is left behind');
  },
);

fault('A06', 'a session that is refused again right after the new login ends the run', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = onPage(2, () => answer(here, 401, '{"message":"not\\u001b[31m you"}'));
  const result = await here.run();
  assert.equal(logins(here), 2);
  await here.expectProblem(result, {
    exit: 77,
    message: /^acme refused page 2 \(HTTP 401\): not\\u001b\[31m you$/,
    hint: /^the login worked; another run with the same user may have ended the session/,
  });
});

fault('A07', 'an HTML login page with status 200 means that the session is over', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = once(onPage(2, () => answer(here, 200, loginPage, html)));
  here.expectSuccess(await here.run());
  assert.equal(logins(here), 2);
});

for (const [what, headers] of [
  ['as HTML', html],
  ['said to be JSON', {}],
] as const) {
  fault('A07', `a login page ${what} again and again ends the run`, async (context) => {
    const here = await scene(context, session);
    here.vendor.fault = onPage(2, () => answer(here, 200, loginPage, headers));
    const result = await here.run();
    assert.equal(logins(here), 2);
    await here.expectProblem(result, {
      exit: 76,
      message:
        /^acme answered page 2 with something other than JSON \(HTTP 200, text\/html; charset=utf-8, "Sign in"\) at http:\/\/127.0.0.1:\d+\/audit$|^acme: the reply to page 2 is HTML, not JSON$/,
      hint: /^check ACME_URL in the environment/,
    });
  });
}

const sessionOver = '{"error":"session expired","records":[]}';

fault(
  'A08',
  'an error told with status 200 and an empty list is no empty window: the session is renewed',
  async (context) => {
    const here = await scene(context, session);
    here.vendor.fault = once(onPage(1, () => answer(here, 200, sessionOver)));
    here.expectSuccess(await here.run());
    assert.equal(logins(here), 2);
  },
);

fault('A08', 'the same error with an API key, or again and again, is an error', async (context) => {
  for (const options of [session, {}]) {
    const here = await scene(context, options);
    here.vendor.fault = onPage(1, () => answer(here, 200, sessionOver));
    await here.expectProblem(await here.run(), {
      exit: 76,
      message: /^acme reported an error in page 1: session expired$/,
      hint: /^the position stays/,
    });
  }
});

fault('A08', 'a reply with status 200 and no list of records is no empty window', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(1, () => answer(here, 200, '{"message":"come back later"}'));
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme: the reply to page 1 has no list of records at records: come back later$/,
    hint: /^check records\.path in \S+acme\.json, the URL and/,
  });
});

fault('A09', 'records that may not be read (403) end the run with a hint at the rights', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(1, () => answer(here, 403, '{"message":"role auditor required"}'));
  const result = await here.run();
  assert.equal(here.vendor.requests.length, 1);
  await here.expectProblem(result, {
    exit: 77,
    message: /^acme refused page 1 \(HTTP 403\): role auditor required$/,
    hint: /^check ACME_TOKEN in the environment, and the right to read these records$/,
  });
});

fault('A09', 'a key that is refused (401) ends the run at once', async (context) => {
  const here = await scene(context);
  const environment = { ACME_TOKEN: 'of yesterday' };
  const result = await here.run([], { environment });
  assert.equal(here.vendor.requests.length, 1);
  await here.expectProblem(result, {
    exit: 77,
    message: /^acme refused page 1 \(HTTP 401\): not authorised$/,
    hint: /^check ACME_TOKEN in the environment; ACME_TOKEN has a blank in it$/,
  });
});

fault('A26', 'cookies for another domain are ignored, and of hundreds only some are kept', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = onLogin((_asked, honest) => {
    const junk = Array.from({ length: 300 }, (_, at) => `Set-Cookie: j${at}=1\r\n`).join('');
    const foreign = 'Set-Cookie: foreign=1; Domain=evil.example\r\nSet-Cookie: =nameless\r\nSet-Cookie: bare\r\n';
    return honest.toString().replace('\r\n\r\n', `\r\n${foreign}${junk}\r\n`);
  });
  here.expectSuccess(await here.run());
  const cookies = (here.vendor.requests[1]?.headers['cookie'] ?? '').split('; ');
  assert.equal(cookies.length, 50);
  assert.match(cookies[0] ?? '', /^sid=/);
  assert.ok(!cookies.some((cookie) => /foreign|nameless|bare/.test(cookie)));
});

fault('A26', 'ten thousand cookies, or a control character inside one, are no reply', async (context) => {
  const junk = Array.from({ length: 10_000 }, (_, at) => `Set-Cookie: j${at}=1\r\n`).join('');
  for (const [lines, exit, message, hint] of [
    [junk, 76, /sent more than 16 KiB of headers/, /^check ACME_URL in the environment/],
    ['Set-Cookie: sid=a\x01b\r\n', 76, /does not speak HTTP/, /^check ACME_URL in the environment/],
  ] as const) {
    const here = await scene(context, session);
    here.vendor.fault = onLogin((_asked, honest) => honest.toString().replace('\r\n\r\n', `\r\n${lines}\r\n`));
    await here.expectProblem(await here.run(), { exit, message, hint });
  }
});

fault('A27', 'two runs that end each other’s session do not log in without end', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = (asked) => {
    if (asked.kind !== 'page') return undefined;
    here.vendor.sessions.clear(); // the other run has just logged in
    return answer(here, 401, '{"message":"logged in elsewhere"}');
  };
  const result = await here.run();
  assert.equal(logins(here), 2);
  await here.expectProblem(result, {
    exit: 77,
    message: /^acme refused page 1 \(HTTP 401\): logged in elsewhere$/,
    hint: /another run with the same user/,
  });
});

fault('A27', 'two runs that end each other’s session after every page do not log in for each page', async (context) => {
  const here = await scene(context, { ...session, records: 40 });
  let served = 0;
  const contest: Fault = (asked) => {
    if (asked.kind === 'login') served = 0;
    if (asked.kind !== 'page' || served++ === 0) return undefined;
    here.vendor.sessions.clear(); // the other run has just logged in
    return answer(here, 401, '{"message":"logged in elsewhere"}');
  };
  here.vendor.fault = contest;
  const result = await here.run();
  assert.equal(logins(here), 6);
  await here.expectProblem(result, {
    exit: 77,
    message: /^acme refused page 7 \(HTTP 401\): logged in elsewhere$/,
    hint: /another run with the same user/,
  });
});

fault('A05', 'a session that lasts for some minutes is renewed as often as it takes', async (context) => {
  const here = await scene(context, { ...session, records: 20 });
  let served = 0;
  here.vendor.fault = (asked) => {
    if (asked.kind === 'login') served = 0;
    if (asked.kind !== 'page' || served++ === 0) return undefined;
    here.clock.now += 90_000;
    here.vendor.sessions.clear();
    return answer(here, 401, '{"message":"session expired"}');
  };
  here.expectSuccess(await here.run());
  assert.equal(logins(here), 10);
});

for (const [what, make] of [
  ['is answered with 500', () => reply(500, {}, 'oops')],
  ['is answered with 401', () => reply(401)],
  ['breaks the connection', () => thenReset()],
] as const) {
  fault('A28', `a logout that ${what} is nobody’s problem`, async (context) => {
    const here = await scene(context, session);
    here.vendor.fault = ({ kind }) => (kind === 'logout' ? make() : undefined);
    here.expectSuccess(await here.run());
  });
}

fault('A28', 'a logout that is never answered delays the end by a few seconds only', async (context) => {
  const here = await scene(context, session);
  here.vendor.fault = ({ kind }) => (kind === 'logout' ? () => undefined : undefined);
  const began = Date.now();
  here.expectSuccess(await here.run());
  assert.ok(Date.now() - began < 8000);
});
