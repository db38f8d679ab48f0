/** The destinations that are built in: one line each. A file is loaded when its sink is named. */
import type { Encode } from '../core/wire/json-line.ts';
import type { SettingValues } from '../core/setting.ts';
import type { SinkDefinition, SinkTools } from '../core/sink-tools.ts';

export const sinks: Readonly<Record<string, () => Promise<SinkDefinition>>> = {
  stdout: async () => (await import('./stdout.ts')).stdout,
  file: async () => (await import('./file.ts')).file,
  command: async () => (await import('./command.ts')).command,
  elastic: async () => (await import('./elastic.ts')).elastic,
  splunk: async () => (await import('./splunk.ts')).splunk,
  sekoia: async () => (await import('./sekoia.ts')).sekoia,
  datadog: async () => (await import('./datadog.ts')).datadog,
  sentinel: async () => (await import('./sentinel.ts')).sentinel,
  secops: async () => (await import('./secops.ts')).secops,
  otlp: async () => (await import('./otlp.ts')).otlp,
  webhook: async () => (await import('./webhook.ts')).webhook,
  syslog: async () => (await import('./syslog.ts')).syslog,
};

/** A wire form, made with the settings of the sink that it belongs to; none of them is required here. */
export type WireForm = (
  values: SettingValues,
  tools: Pick<SinkTools, 'sourceName' | 'idSpace' | 'trustsIds' | 'now'>,
) => Encode;

/** What `--bulk-format` prints, by the name of the sink whose form it is. */
export const wireForms: Readonly<Record<string, () => Promise<WireForm>>> = {
  elastic: async () => (await import('./elastic.ts')).elasticWireForm,
  splunk: async () => (await import('./splunk.ts')).splunkWireForm,
  sekoia: async () => (await import('./sekoia.ts')).sekoiaWireForm,
};
