import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition } from '../support/example-definition.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import {
  features,
  startOnePassword,
  type Feature,
  type OnePassword,
  type OnePasswordOptions,
} from '../support/vendors/onepassword.ts';

const definition = exampleDefinition('onepassword');
const start = Date.parse('2026-11-20T00:00:00Z');
const day = { from: BigInt(start - 86_400_000) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { branch: 'auditevents', slice: day };

const templates: Readonly<Record<Feature, readonly string[]>> = {
  auditevents: [
    String.raw`{"uuid":"ID","timestamp":"TIME","actor_uuid":"4HCGRGYCTRQFBMGVEGTABYDU2V","actor_details":{"uuid":"4HCGRGYCTRQFBMGVEGTABYDU2V","name":"Zoë \"Z\" Example","email":"zoe@example.com"},"action":"join","object_type":"gm","object_uuid":"pf8soyakgngrphytsyjed4ae3u","aux_id":1152921504606846977,"aux_info":"A","session":{"uuid":"A5K6COGVRVEJXJW3XQZGS7VAMM","login_time":"2026-11-19T20:00:00Z","ip":"192.0.2.254"},"location":{"country":"Canada","city":"Montr\u00e9al","latitude":45.5031824,"longitude":-73.5698065}}`,
    String.raw`{"uuid":"ID","timestamp":"TIME","actor_uuid":"GLF6WUEKS5CSNDJ2OG6TCZD3M4","action":"suspend","object_type":"user","object_uuid":"ZRQCUD6A65AKHFETOUFO7NL4OM","object_details":{"name":"Ada Example","email":"ada@example.com"}}`,
  ],
  signinattempts: [
    String.raw`{"uuid":"ID","session_uuid":"UED4KFZ5BH37IQWTJ7LG4VPWK7","timestamp":"TIME","category":"firewall_failed","type":"continent_blocked","country":"FR","details":{"value":"Europe"},"target_user":{"uuid":"IR7VJHJ36JHINBFAD7V2T5MP3E","name":"Ada Example","email":"ada@example.com"},"client":{"app_name":"1Password Browser Extension","app_version":"20127","platform_name":"Chrome","os_name":"MacOSX","os_version":"13.2","ip_address":"2001:db8::1"}}`,
    String.raw`{"uuid":"ID","session_uuid":"5FOA2DNVJJFZ5DQG2AMZQWMLGA","timestamp":"TIME","category":"success","type":"credentials_ok","country":"CA","target_user":{"name":"Jürgen 🔑 Example"},"client":{"ip_address":"192.0.2.7"}}`,
  ],
  itemusages: [
    String.raw`{"uuid":"ID","timestamp":"TIME","used_version":2,"vault_uuid":"jaqxqf5qylslqiitnduawrndc5","item_uuid":"bvwmmwxisuca7wbehrbyqhag54","user":{"uuid":"OJQGU46KAPROEJLCK674RHSAY5","name":"Zoë Example"},"client":{"ip_address":"192.0.2.8"},"action":"secure-copy"}`,
    String.raw`{"uuid":"ID","timestamp":"TIME","used_version":9007199254740993,"vault_uuid":"V","item_uuid":"I","action":"reveal\/\t"}`,
  ],
};

let serial = 0;

/** With the offset of another time zone, as the vendor shows it. */
function written(feature: Feature, time: number): string {
  const local = new Date(time - 3 * 3_600_000).toISOString().replace('Z', '-03:00');
  const template = templates[feature][serial % 2] ?? '';
  return template.replace('TIME', local).replace('ID', `56YE2TYN2VFYRLNSHKPW5NVT${String(serial++).padStart(2, '0')}`);
}

async function started(count = 25, options: OnePasswordOptions = {}) {
  const vendor = await startOnePassword({ now: () => start, ...options });
  const times = Array.from({ length: count }, (_, number) => start - (count - number) * 1000);
  const texts = times.map((time) => written('auditevents', time));
  vendor.add('auditevents', ...texts);
  return { vendor, texts, times, values: valuesFor(vendor) };
}

function valuesFor({ origin }: OnePassword) {
  return { ONEPASSWORD_URL: origin, ONEPASSWORD_TOKEN: 'token' };
}

const bodies = ({ requests }: OnePassword): unknown[] => requests.map(({ body }) => JSON.parse(body));

conforms('onepassword', {
  definition,
  secret: 'ONEPASSWORD_TOKEN',
  limit: 10,
  async start() {
    return { ...(await started()), part, asksRecords: ({ method }) => method === 'POST' };
  },
});

exampleRuns('onepassword', {
  secret: 'ONEPASSWORD_TOKEN',
  async start() {
    const vendor = await startOnePassword();
    return {
      vendor,
      environment: valuesFor(vendor),
      add: (ago) =>
        features.flatMap((feature) => {
          const texts = [ago, ago].map((each) => written(feature, Date.now() - each));
          vendor.add(feature, ...texts);
          return texts;
        }),
    };
  },
});

test('later pages, and the next run, send the cursor and nothing else', async () => {
  const { vendor, values } = await started(15);
  const { bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  await pullOnce(definition, values, { part: { ...part, bookmark } });
  const [first, second, third] = bodies(vendor);
  assert.deepEqual(first, { limit: 10, start_time: '2026-11-19T00:00:00Z' });
  assert.deepEqual(Object.keys(second as object), ['cursor']);
  assert.deepEqual(Object.keys(third as object), ['cursor']);
  assert.ok(bookmark?.includes((third as { cursor: string }).cursor));
  await vendor.close();
});

test('an event of which 1Password learns late comes with the next run, however old it is', async () => {
  const { vendor, values } = await started(3);
  const { bookmark } = await pullOnce(definition, values, { part });
  const late = written('auditevents', start - 10 * 86_400_000);
  vendor.add('auditevents', late);
  const next = await pullOnce(definition, values, { part: { ...part, bookmark } });
  assert.deepEqual(
    next.records.map((record) => record.text),
    [late],
  );
  await vendor.close();
});

test('a run that finds nothing has a cursor all the same, so that nothing after it is missed', async () => {
  const { vendor, values } = await started(0);
  const { bookmark } = await pullOnce(definition, values, { part });
  assert.ok(bookmark !== undefined);
  vendor.add('auditevents', written('auditevents', start));
  assert.equal((await pullOnce(definition, values, { part: { ...part, bookmark } })).records.length, 1);
  await vendor.close();
});

test('an empty page with has_more is not the end', async () => {
  const { vendor, values, texts } = await started(5);
  const { bookmark } = await pullOnce(definition, values, { part, search: { limit: 3, single: true } });
  let asked = 0;
  vendor.fault = (_, response) => {
    if (asked++ === 0) response.end(`{"cursor":"${String(bookmark)}","has_more":true,"items":[]}`);
    return asked === 1;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(
    records.map((record) => record.text),
    texts.slice(3),
  );
  await vendor.close();
});

test('without ONEPASSWORD_FEATURES, what the token may read is asked for, and no more', async () => {
  const allowed: readonly Feature[] = ['signinattempts', 'itemusages'];
  const { vendor, values } = await started(0, { allowed });
  const source = restSource(definition, values, noSearch, sourceTools());
  assert.deepEqual(await source.branches(), allowed);
  await source.close();
  const chosen = { ...values, ONEPASSWORD_FEATURES: 'itemusages' };
  const some = restSource(definition, chosen, noSearch, sourceTools());
  assert.deepEqual(await some.branches(), ['itemusages']);
  await some.close();
  await assert.rejects(
    pullOnce(definition, values, { part }),
    (error) => error instanceof Problem && error.status === exit.noperm,
  );
  await vendor.close();
});

test('a cursor that is no longer known means reading from the position on, and a warning', async () => {
  const { vendor, values, texts } = await started(4);
  const { bookmark } = await pullOnce(definition, values, { part });
  vendor.expireCursors();
  const tools = sourceTools();
  const { records } = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
  assert.equal(records.length, texts.length);
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
  await vendor.close();
});
