import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../../src/core/problem.ts';
import { sinks } from '../../../src/sinks/index.ts';
import { problem } from '../../support/problem.ts';
import { secopsKey, secopsPlace } from '../../support/sinks/secops.ts';
import { makeSink, sinkTools } from '../../support/sink-tools.ts';
import { openSinkHttp } from '../../support/sink-http.ts';

/** What each needs beside its address. */
const others: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ELASTIC_URL: { ELASTIC_INDEX: 'audit' },
  SPLUNK_URL: { SPLUNK_TOKEN: 'a-token' },
  SEKOIA_URL: { SEKOIA_INTAKE_KEY: 'a-long-key' },
  DATADOG_URL: { DATADOG_API_KEY: 'a-key' },
  SENTINEL_URL: { SENTINEL_RULE: `dcr-${'0'.repeat(32)}`, SENTINEL_STREAM: 'Custom-X', SENTINEL_TENANT: 'a' },
  SENTINEL_LOGIN_URL: {
    SENTINEL_URL: 'https://siem.example',
    SENTINEL_RULE: `dcr-${'0'.repeat(32)}`,
    SENTINEL_STREAM: 'Custom-X',
    SENTINEL_TENANT: 'a',
  },
  SECOPS_URL: { SECOPS_PRIVATE_KEY: secopsKey, ...secopsPlace },
};
/** They are asked as they are, with a query of their own; or the sink reads all of them itself. */
const whole = ['OTLP_URL', 'WEBHOOK_URL', 'SECOPS_TOKEN_URL', 'SYSLOG_URL'];

test('an address with a query or a fragment is refused, and not shown, by a sink that would add its own path', async () => {
  const refused: string[] = [];
  for (const find of Object.values(sinks)) {
    const definition = await find();
    const addresses = Object.keys(definition.settings).filter((name) => name.endsWith('_URL') && !whole.includes(name));
    for (const name of addresses) {
      const create = (end: string): unknown =>
        makeSink(
          definition,
          { ...others[name], [name]: `https://siem.example${end}` },
          sinkTools({ http: openSinkHttp }),
        );
      for (const end of ['', '/', '/under/', '/under//']) assert.ok(create(end), name + end);
      for (const end of ['?token=canary', '/?token=canary', '?', '/under/#part', '/under?a=b/']) {
        const told = problem(
          exit.config,
          new RegExp(`^${name} must end with its path$`),
          new RegExp(`^check ${name}: leave out everything from the first \\? or #$`),
        );
        assert.throws(() => create(end), told, name + end);
      }
    }
    refused.push(...addresses);
  }
  assert.deepEqual(refused.toSorted(), Object.keys(others).toSorted());
});
