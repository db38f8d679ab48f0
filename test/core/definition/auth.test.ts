/** How a definition says credentials, logins and tokens, and what is refused there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { apple, type Change, refusedDefinitions } from '../../support/refused-definitions.ts';

test('a setting in auth that anybody may see says so, or stands beside one that is secret', () => {
  const settings = { ...apple.settings, APPLE_TENANT: { summary: 'Tenant.' } };
  const login = { method: 'POST', path: '/login', json: { tenant: '{APPLE_TENANT}', pin: '{APPLE_TOKEN}' } };
  parseDefinition({ ...apple, settings, auth: { type: 'session', login } }, 'apple.yaml');
  const headers = { Authorization: '{APPLE_TOKEN}', 'X-Tenant': '{APPLE_TENANT}', 'X-Host': '{APPLE_URL}' };
  const seen = { ...settings, APPLE_TENANT: { summary: 'Tenant.', secret: false } };
  parseDefinition({ ...apple, settings: seen, auth: { type: 'headers', headers } }, 'apple.yaml');
  const request = { method: 'POST', path: '/log', json: { since: '{from}', cursor: '{cursor}' } } as const;
  const body = { tenant: '{APPLE_TENANT}', pin: '{APPLE_TOKEN}' };
  parseDefinition({ ...apple, settings, request, auth: { type: 'body', body } }, 'apple.yaml');
});

test('a login page may set a cookie and nothing else, and what a cookie is called is no secret', () => {
  const settings = { ...apple.settings, APPLE_SITE: { summary: 'Site.' } };
  const form = { pin: '{APPLE_TOKEN}' };
  const login = { method: 'POST', path: '/login', form } as const;
  const auth = { type: 'session', page: { request: { path: '/login' } }, login } as const;
  parseDefinition({ ...apple, auth }, 'apple.yaml');
  const page = { ...auth.page, cookie: '{APPLE_SITE}_csrf' };
  const sent = { ...login, form: { ...form, csrf: '{csrf}' } };
  parseDefinition({ ...apple, settings, auth: { ...auth, page, login: sent } }, 'apple.yaml');
});

const assertion = { key: '{APPLE_TOKEN}', algorithm: 'RS256', claims: { iss: 'me' } };

/** Authentication by OAuth 2, with something changed. */
function token(change: Change): Change {
  const form = { grant_type: 'client_credentials', client_secret: '{APPLE_TOKEN}' };
  return { auth: { type: 'oauth2', url: 'https://login.example/token', form, ...change } };
}

test('all of OAuth 2 is a sound definition', () => {
  const settings = {
    ...apple.settings,
    APPLE_REGION: { summary: 'Region.', values: ['eu'] },
    APPLE_KEY: { summary: 'Key.', secret: true, lines: true },
  };
  const login = {
    url: ['{APPLE_URL}/token', { setting: 'APPLE_REGION', texts: { eu: 'https://eu.login.example/token' } }],
    basic: { username: 'me', password: '{APPLE_TOKEN}' },
    form: { grant_type: 'client_credentials', client_assertion: '{assertion}' },
    query: { tenant: '{APPLE_REGION}' },
    assertion: {
      ...assertion,
      key: '{APPLE_KEY}',
      header: { 'x5t#S256': 'x' },
      claims: { headers: ['a b'] },
      lifetime: '45s',
    },
    token: { path: 'data.token', headers: { 'X-Auth': '{token}', 'X-Region': '{APPLE_REGION}' } },
  };
  const value = { ...apple, settings, ...token(login) };
  assert.deepEqual(parseDefinition(value, 'apple.yaml'), value);
});

refusedDefinitions([
  ['a scheme that is not there yet', { auth: { type: 'oauth1' } }, /auth\.type: expected one of none, headers/],
  [
    'a credential that is not marked as secret, in a header',
    { settings: { ...apple.settings, APPLE_TOKEN: { summary: 'Token.' } } },
    /: settings\.APPLE_TOKEN: expected secret: true, because auth\.headers\.Authorization sends it \(secret: false, if anybody may see it\)$/,
  ],
  [
    'a credential that is not marked as secret, in a header of a name of its own',
    {
      settings: { ...apple.settings, APPLE_KEY: { summary: 'Key.' } },
      auth: { type: 'headers', headers: { Authorization: '{APPLE_TOKEN}', 'X-Apple': '{APPLE_KEY}' } },
    },
    /: settings\.APPLE_KEY: expected secret: true, because auth\.headers\.X-Apple sends it/,
  ],
  [
    'a credential that is not marked as secret, in the address',
    {
      settings: { ...apple.settings, APPLE_KEY: { summary: 'Key.' } },
      auth: { type: 'query', query: { k: '{APPLE_KEY}' } },
    },
    /: settings\.APPLE_KEY: expected secret: true, because auth\.query\.k sends it/,
  ],
  [
    'a credential that is not marked as secret, beside auth',
    {
      settings: { ...apple.settings, APPLE_KEY: { summary: 'Key.' } },
      headers: { 'X-Api-Key': '{APPLE_KEY}' },
    },
    /: settings\.APPLE_KEY: expected secret: true, because headers\.X-Api-Key sends it/,
  ],
  [
    'a password that is not marked as secret',
    {
      settings: { ...apple.settings, APPLE_USER: { summary: 'User.' }, APPLE_PASSWORD: { summary: 'Password.' } },
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', form: { password: '{APPLE_PASSWORD}', user: '{APPLE_USER}' } },
      },
    },
    /: settings\.APPLE_PASSWORD: expected secret: true, because auth\.login\.form\.password sends it/,
  ],
  [
    'a login without a secret',
    {
      settings: { ...apple.settings, APPLE_USER: { summary: 'User.' }, APPLE_PIN: { summary: 'PIN.' } },
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', json: { who: '{APPLE_USER}', pin: '{APPLE_PIN}' } },
      },
    },
    /: settings\.APPLE_PIN: expected secret: true, because nothing else that auth sends is secret/,
  ],
  [
    'what a login has no value for',
    { auth: { type: 'session', login: { path: '/login/{branch}?key={APPLE_TOKEN}' } } },
    /: auth\.login\.path: \{branch\} is neither a setting nor a placeholder: there are \{csrf\} and settings$/,
  ],
  [
    'a login at another host',
    {
      auth: {
        type: 'session',
        login: { method: 'POST', path: 'https://login.example/token' },
        token: { path: 'token', headers: {} },
      },
    },
    /auth\.login\.path: expected a path that begins with \/, because all requests go to the host of url, found "https:/,
  ],
  [
    'a token from two places',
    {
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', json: { pin: '{APPLE_TOKEN}' } },
        token: { path: 'token', header: 'X-Token', headers: { 'X-Token': '{token}' } },
      },
    },
    /: auth\.token: expected one of path, header and cookie$/,
  ],
  [
    'a token of a login page that there is none of',
    { auth: { type: 'session', login: { method: 'POST', path: '/login', form: { t: '{csrf}', p: '{APPLE_TOKEN}' } } } },
    /: auth\.page is missing: \{csrf\} comes from there$/,
  ],
  [
    'a token for a logout, of a login page that there is none of',
    {
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', form: { p: '{APPLE_TOKEN}' } },
        logout: { method: 'POST', path: '/logout', form: { t: '{csrf}' } },
      },
    },
    /: auth\.page is missing: \{csrf\} comes from there$/,
  ],
  [
    'a login page whose token is sent nowhere',
    {
      auth: {
        type: 'session',
        page: { request: { path: '/login' }, field: 'csrf' },
        login: { method: 'POST', path: '/login', form: { p: '{APPLE_TOKEN}' } },
      },
    },
    /: auth\.page: nothing uses \{csrf\}; auth\.login sends it$/,
  ],
  [
    'a token of a login page that says of none',
    {
      auth: {
        type: 'session',
        page: { request: { path: '/login' } },
        login: { method: 'POST', path: '/login', form: { p: '{APPLE_TOKEN}', csrf: '{csrf}' } },
      },
    },
    /: auth\.page: expected field, meta or cookie, where \{csrf\} comes from$/,
  ],
  [
    'a login page whose token is in two places',
    {
      auth: {
        type: 'session',
        page: { request: { path: '/login' }, field: 'csrf', cookie: 'XSRF-TOKEN' },
        login: { method: 'POST', path: '/login', form: { p: '{APPLE_TOKEN}', csrf: '{csrf}' } },
      },
    },
    /: auth\.page: expected one of field, meta and cookie$/,
  ],
  [
    'credentials for the body of a request without one',
    { auth: { type: 'body', body: { key: '{APPLE_TOKEN}' } } },
    /: request: auth\.type body needs a json or form body to add to$/,
  ],
]);

refusedDefinitions([
  ['a token from nowhere', { auth: { type: 'oauth2', form: {} } }, /auth\.url is missing: expected string$/],
  [
    'a token endpoint without a scheme',
    token({ url: 'login.example/token' }),
    /auth\.url: expected an address such as/,
  ],
  [
    'a secret in the address of the login',
    token({ url: 'https://x/{APPLE_TOKEN}' }),
    /auth\.url: \{APPLE_TOKEN\} cannot/,
  ],
  [
    'a window in the address of the login',
    token({ url: 'https://login.example/{from}' }),
    /: auth\.url: \{from\} is neither a setting nor a placeholder: only settings have a value here$/,
  ],
  [
    'a token for no grant',
    token({ form: { scope: 'read' } }),
    /auth\.form\.grant_type is missing: expected one such as/,
  ],
  ['a login that asks for a window', token({ query: { since: '{from}' } }), /auth\.query\.since: \{from\} is neither/],
  ['a token that is not sent', token({ token: { headers: { 'X-Key': 'k' } } }), /auth\.token\.headers: nothing uses/],
  ['a token in the login', token({ query: { old: '{token}' } }), /auth\.query\.old: \{token\} is neither a setting/],
  [
    'an assertion that nobody signs',
    token({ query: { assertion: '{assertion}' } }),
    /auth\.assertion is missing: \{assertion\} needs a key/,
  ],
  [
    'an assertion that is not sent',
    token({ assertion }),
    /auth\.assertion: nothing uses \{assertion\}; auth\.form sends it$/,
  ],
  [
    'an assertion elsewhere',
    { ...token({ assertion }), request: { path: '/log', query: { a: '{assertion}', b: '{from}', c: '{cursor}' } } },
    /request\.query\.a: \{assertion\} is neither a setting nor a placeholder/,
  ],
  [
    'a key in the definition',
    token({ query: { a: '{assertion}' }, assertion: { ...assertion, key: '-----BEGIN PRIVATE KEY-----' } }),
    /auth\.assertion\.key: expected the setting that has it, such as '\{ACME_PRIVATE_KEY\}'$/,
  ],
  [
    'a key that is no secret',
    token({ query: { a: '{assertion}' }, assertion: { ...assertion, key: '{APPLE_URL}' } }),
    /settings\.APPLE_URL: expected secret: true, because it is a key$/,
  ],
  [
    'a key of one line',
    token({ query: { a: '{assertion}' }, assertion }),
    /settings\.APPLE_TOKEN: expected lines: true, because a key in PEM form has several$/,
  ],
  [
    'an assertion of another scheme',
    { auth: { type: 'query', query: { key: '{assertion}' } } },
    /auth\.query\.key: \{assertion\} is neither a setting nor a placeholder/,
  ],
  [
    'a signature where nothing is signed',
    { auth: { type: 'headers', headers: { Authorization: '{APPLE_TOKEN}', Signature: '{signature}' } } },
    /: auth\.headers\.Signature: \{signature\} is neither a setting nor a placeholder/,
  ],
  [
    'an unknown algorithm',
    token({ query: { a: '{assertion}' }, assertion: { ...assertion, algorithm: 'RS512' } }),
    /auth\.assertion\.algorithm: expected one of RS256, PS256, ES256, HS256, found "RS512"/,
  ],
]);
