/** Syslog (RFC 5424) over TLS or TCP, with octet counting: what SIEMs without an intake of their own take. */
import { Buffer } from 'node:buffer';
import { allKept } from '../core/batch.ts';
import { exit, Problem } from '../core/problem.ts';
import { syslogAddress } from '../core/wire/syslog/address.ts';
import { syslogForm } from '../core/wire/syslog/form.ts';
import { syslogFormats, syslogPayload } from '../core/wire/syslog/payload.ts';
import type { Setting, Settings, ValuesOf } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { Batch, Reply, Sink } from '../core/types.ts';

const settings = {
  SYSLOG_URL: {
    summary: 'The receiver, `tls://host:6514`, or `tcp://host:514`, where records can be read on the way',
    required: true,
  },
  SYSLOG_FORMAT: {
    summary:
      'The message: the record as it is, or inside LEEF 2.0 (field `raw`) or CEF (field `msg`, of which ArcSight keeps 1,023 characters)',
    default: 'json',
    values: syslogFormats,
  },
  SYSLOG_FACILITY: { summary: 'Facility, 0 to 23; 13 is log audit', kind: 'integer', default: '13' },
  SYSLOG_SEVERITY: { summary: 'Severity, 0 to 7; 6 is informational', kind: 'integer', default: '6' },
  SYSLOG_HOSTNAME: { summary: 'Host name in each message; the name of the source when not set' },
  SYSLOG_APPNAME: { summary: 'Application name in each message', default: 'audit-export' },
  SYSLOG_MSGID: { summary: 'Kind of message, and event ID in LEEF and CEF', default: 'audit' },
  SYSLOG_SD_ID: {
    summary: 'Structured data element for the record ID; put the enterprise number of your organisation after the @',
    default: 'record@32473',
  },
  SYSLOG_MAX_BYTES: {
    summary:
      'Longest message; unless told otherwise, rsyslog (8,096) and QRadar (4,096) cut off a longer one in silence, and syslog-ng (65,536) breaks the connection',
    kind: 'integer',
    default: '8096',
  },
} as const satisfies Settings;

type Values = ValuesOf<typeof settings>;

export const syslog: SinkDefinition = {
  name: 'syslog',
  summary: 'Syslog (RFC 5424) over TLS or TCP, as JSON, LEEF or CEF',
  promise:
    'Best effort: syslog acknowledges nothing. A batch counts as delivered when all of it was written and the receiver was still there a moment later (0.1 s, or longer where it is far away), was told that no more comes, and has closed the connection without an error (or at least kept it for 5 s and, as far as Linux tells, acknowledged every byte); one that closes late is looked for once more. A batch whose connection broke is sent again and can be seen twice, with the same ID.',
  settings,
  create: syslogSink,
};

function syslogSink(values: Values, tools: SinkTools): Sink {
  const address = syslogAddress(values['SYSLOG_URL']);
  const severity = number(values, 'SYSLOG_SEVERITY', [0, 7]);
  const most = number(values, 'SYSLOG_MAX_BYTES', [480, 16 * 1024 * 1024]);
  const event = name(values, 'SYSLOG_MSGID', 32);
  const format = values['SYSLOG_FORMAT'];
  const wire = tools.wire(address);
  const frame = most + String(most).length + 1; // the length before the message is not a part of it
  const limits = { records: 1000, bytes: 1_000_000, record: frame, told: `${most} bytes of SYSLOG_MAX_BYTES` };

  async function send(batch: Batch): Promise<Reply> {
    const end = await wire.deliver(batch.body, lengthTold(longestIn(batch)));
    if (end === 'open') tools.debug('the receiver did not close the connection: what it has read is not known');
    return { outcomes: allKept(batch) };
  }

  return {
    name: 'syslog',
    scope: address,
    limits: () => limits,
    inFlight: 1,
    repeats: 'visible',
    encode: syslogForm(
      {
        facility: number(values, 'SYSLOG_FACILITY', [0, 23]),
        severity,
        hostname: name(values, 'SYSLOG_HOSTNAME', 255, tools.sourceName),
        appName: name(values, 'SYSLOG_APPNAME', 48),
        messageId: event,
        structuredDataId: structuredDataId(values['SYSLOG_SD_ID']),
        coarse: format === 'leef',
      },
      syslogPayload(format, { product: tools.sourceName, event, severity }),
    ),
    async probe() {
      await wire.deliver(Buffer.alloc(0));
      return 'it takes connections; syslog acknowledges nothing';
    },
    send,
    close: () => Promise.resolve(),
  };
}

/** Bytes of the longest message, its frame included. */
function longestIn({ ends }: Batch): number {
  return ends.reduce((longest, end, at) => Math.max(longest, end - (ends[at - 1] ?? 0)), 0);
}

/** syslog-ng and VictoriaLogs close the connection at a message that is longer than they take, and say so in their log alone. */
function lengthTold(frame: number): string | undefined {
  const length = frame - String(frame).length - 1;
  if (length <= Number(presetOf('SYSLOG_MAX_BYTES'))) return undefined;
  return `a message of ${length} bytes, as SYSLOG_MAX_BYTES allows, may be longer than it takes`;
}

function presetOf(setting: keyof Values): string {
  const { default: preset = '' }: Setting = settings[setting];
  return preset;
}

function number(values: Values, setting: keyof Values, [least, most]: [number, number]): number {
  const value = Number(values[setting]);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new Problem(exit.config, `${setting} must be from ${least} to ${most}`, {
    hint: `set ${setting}=${presetOf(setting)}`,
  });
}

/** A name of RFC 5424: printable ASCII without spaces. */
function name(values: Values, setting: keyof Values, longest: number, preset = presetOf(setting)): string {
  const fitting = preset.slice(0, longest);
  const text = values[setting] ?? fitting;
  if (/^[!-~]+$/.test(text) && text.length <= longest) return text;
  throw new Problem(exit.config, `${setting} must be 1 to ${longest} printable ASCII characters without spaces`, {
    hint: `set ${setting}=${fitting}`,
  });
}

function structuredDataId(text: string): string {
  if (/^[!#-<>-?A-\\^-~]+@\d+(?:\.\d+)*$/.test(text) && text.length <= 32) return text;
  throw new Problem(exit.config, 'SYSLOG_SD_ID must be a name, @ and an enterprise number, 32 characters at most', {
    hint: `set SYSLOG_SD_ID=${presetOf('SYSLOG_SD_ID')}`,
  });
}
