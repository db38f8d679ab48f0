/** Redirects: followed inside the origin, and nowhere else. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { certificateAuthority } from '../support/certificates.ts';
import { rawServer, silence, type RawServer } from '../support/raw-server.ts';
import { answer } from './answers.ts';
import { fault, scene } from './harness.ts';
import { onPage } from './replies.ts';

fault('A21', 'a redirect within the origin is followed', async (context) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const here = await scene(context);
    here.vendor.fault = ({ path }) =>
      path.includes('moved') ? undefined : answer(here, status, '', { Location: `${path}&moved=1` });
    here.expectSuccess(await here.run());
  }
});

async function elsewhere(context: TestContext): Promise<RawServer> {
  const server = await rawServer(silence);
  context.after(() => server.close());
  return server;
}

for (const status of [301, 302, 303, 307, 308]) {
  fault('A22', `a redirect (${status}) to another host is not followed: that host hears nothing`, async (context) => {
    const here = await scene(context);
    const other = await elsewhere(context);
    here.vendor.fault = onPage(2, () => answer(here, status, '', { Location: `${other.url}/audit` }));
    const result = await here.run();
    assert.equal(other.connections, 0);
    await here.expectProblem(result, {
      exit: 76,
      message: new RegExp(`^${here.vendor.url} leads to ${other.url}, which is not followed$`),
      hint: /^credentials are only ever sent to \S+; if the service moved, change ACME_URL in the environment; if a proxy/,
    });
  });
}

fault('A22', 'a login that redirects to another host takes no password there', async (context) => {
  const here = await scene(context, { session: true });
  const other = await elsewhere(context);
  here.vendor.fault = ({ kind }) =>
    kind === 'login' ? answer(here, 307, '', { Location: `${other.url}/login` }) : undefined;
  const result = await here.run();
  assert.equal(other.connections, 0);
  await here.expectProblem(result, { exit: 76, message: /which is not followed$/, hint: /^credentials are only/ });
});

fault('A23', 'a redirect from https to http is not followed', async (context) => {
  const authority = certificateAuthority();
  context.after(authority.remove);
  const here = await scene(context, { tls: authority.issue(), argv: ['--ca-file', authority.certFile] });
  const other = await elsewhere(context);
  here.vendor.fault = onPage(2, ({ path }) =>
    answer(here, 301, '', { Location: `http://localhost:${other.port}${path}` }),
  );
  const result = await here.run();
  assert.equal(other.connections, 0);
  await here.expectProblem(result, {
    exit: 76,
    message: /^https:\/\/localhost:\d+ leads to http:\/\/localhost:\d+, which is not followed$/,
    hint: /^credentials are only ever sent to https/,
  });
});

fault('A24', 'endless redirects end after three', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(1, ({ path }) => answer(here, 302, '', { Location: path }));
  const result = await here.run();
  assert.equal(here.vendor.requests.length, 4);
  await here.expectProblem(result, {
    exit: 76,
    message: /redirects more than 3 times \(HTTP 302, GET \/audit\)$/,
    hint: /^set ACME_URL in the environment to the final address/,
  });
});
