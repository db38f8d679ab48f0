/** The built-in sources, by the name on the command line. Each is loaded only when it is asked for. */
import type { SourceDefinition } from '../core/definition.ts';

export const sources: Readonly<Record<string, () => Promise<SourceDefinition>>> = {
  cirrus: async () => (await import('./cirrus.ts')).cirrus,
  sample: async () => (await import('./sample.ts')).sample,
  sycope: async () => (await import('./sycope.ts')).sycope,
  syncropel: async () => (await import('./syncropel.ts')).syncropel,
  'sysdig-activity': async () => (await import('./sysdig-activity.ts')).sysdigActivity,
  'sysdig-audit': async () => (await import('./sysdig-audit.ts')).sysdigAudit,
  'sysdig-events': async () => (await import('./sysdig-events.ts')).sysdigEvents,
};
