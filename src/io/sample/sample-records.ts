/** The sample vendor's records: the same at every start, since each follows from its place on a fixed grid of time. */

export interface SampleRecord {
  readonly id: string;
  readonly action: string;
  /** When the vendor stored it, milliseconds since 1970. */
  readonly ingested: number;
  /** JSON, as the vendor sends it. */
  readonly text: string;
}

const grid = 30 * 60_000;
const kept = 7 * 24 * 60 * 60_000;

/** One record about every 30 minutes of the last 7 days, oldest first. */
export function recordsUntil(now: number): SampleRecord[] {
  const records: SampleRecord[] = [];
  for (let slot = Math.floor((now - kept) / grid) - 1; slot * grid <= now; slot += 1) {
    const random = scrambled(slot);
    const occurred = slot * grid + (random % 1_500_000);
    const ingested = occurred + (random % 29_000); // records take up to half a minute to appear
    if (ingested >= now - kept && ingested < now) records.push(eventAt(slot, random, occurred, ingested));
  }
  return records;
}

/** What a login at `now` leaves behind: three records of the three seconds before it. */
export function recordsOfLogin(now: number, login: number): SampleRecord[] {
  const actions = ['session.login', 'api.token.used', 'export.started'];
  const second = Math.floor(now / 1000) * 1000;
  return actions.map((action, position) => {
    const ingested = second - 3000 + position * 1000;
    const id = `evt_${now.toString(36)}${login.toString(36)}${position}`;
    const details = `{"interface":"api","client":"audit-export","attempt":${login}}`;
    const random = scrambled(now + position);
    const person = people[0] ?? '';
    return record({ id, action, outcome: 'success', occurred: ingested, ingested, random, person, details });
  });
}

/** JSON texts, spelled as various serialisers do: escaped and plain letters, both kinds of slashes. */
const people = [
  '{"id":"usr_01","name":"Audit Exporter","email":"auditor@example.com"}',
  '{"id":"usr_02","name":"Zoë Müller","email":"zoe@example.com"}',
  '{"id":"usr_03","name":"Bj\\u00f6rn O\\u0027Neil","email":"bjorn@example.com"}',
  '{"id":"usr_04","name":"山田 太郎","email":"taro@example.com"}',
  '{"id":"usr_05","name":"Renée \\"Ren\\" Dubois","email":"renee@example.com"}',
  '{"id":null,"name":"deploy-bot 🤖","email":null}',
];

/** Action, and its details with `%` for a number. */
const actions: readonly (readonly [action: string, details: string])[] = [
  ['user.login', '{"method":"password","mfa":true,"agent":"Mozilla\\/5.0 (X11; Linux x86_64)"}'],
  ['user.login', '{"method":"sso","mfa":false,"agent":"curl\\/8.5.0","risk":0.%0}'],
  ['user.created', '{"role":"viewer","groups":["all","contractors \\u2013 2026"],"invited":{"by":"usr_02","days":1%}}'],
  ['role.changed', '{"before":{"role":"viewer","scopes":[]},"after":{"role":"admin","scopes":["read","write"]}}'],
  ['file.downloaded', '{"path":"C:\\\\reports\\\\q%.xlsx","bytes":92233720368547757%,"checksum":"9f86d081"}'],
  ['file.deleted', '{"path":"\\/srv\\/exports\\/{tmp}\\/[%].csv","reason":"line one\\nline two\\t\\"quoted\\""}'],
  ['policy.updated', '{"rule":"a < b && c > d","threshold":1.10,"weights":[0.5,1e-7,-0.0,12345.678900],"version":%}'],
  ['token.revoked', '{"token":"tok_%","last_used":null,"expired":true}'],
  ['query.run', '{"statement":"select * from orders where note = \'50\\u0025 off\'","rows":%,"cost":1%.50}'],
];

const outcomes = ['success', 'success', 'success', 'failure', 'denied'];

function eventAt(slot: number, random: number, occurred: number, ingested: number): SampleRecord {
  const [action, template] = actions[random % actions.length] ?? ['user.login', '{}'];
  const outcome = outcomes[(random >>> 8) % outcomes.length] ?? 'success';
  const person = people[1 + ((random >>> 16) % (people.length - 1))] ?? '{}';
  const id = `evt_${slot.toString(36)}${random.toString(36).padStart(7, '0')}`;
  const details = template.replaceAll('%', String(random % 100));
  return record({ id, action, outcome, occurred, ingested, random, person, details });
}

interface Happening extends Omit<SampleRecord, 'text'> {
  readonly outcome: string;
  /** Milliseconds since 1970. */
  readonly occurred: number;
  /** A whole number of 32 bits that the rest follows from. */
  readonly random: number;
  /** JSON. */
  readonly person: string;
  /** JSON. */
  readonly details: string;
}

function record({ id, action, outcome, occurred, ingested, random, person, details }: Happening): SampleRecord {
  const nanoseconds = `${occurred}${String(random % 1_000_000).padStart(6, '0')}`; // 19 digits: more than a double holds
  const text =
    `{"id":"${id}","occurred_at":"${new Date(occurred).toISOString()}","occurred_ns":${nanoseconds},` +
    `"ingested_at":${ingested},"action":"${action}","outcome":"${outcome}","actor":${person},` +
    `"source":{"ip":"198.51.100.${random % 250}","port":${1024 + (random % 60_000)}},"details":${details}}`;
  return { id, action, ingested, text };
}

/** A whole number of 32 bits that depends on every bit of `value`. */
function scrambled(value: number): number {
  let bits = (value ^ Math.floor(value / 2 ** 32)) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
