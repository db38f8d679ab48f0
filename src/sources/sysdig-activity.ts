/**
 * Sysdig Secure, activity audit. What its filter knows is listed by GET /secure/activity-audit/v1/supported-filters;
 * `types` is spelled in the plural there, and `type` in the singular in each record.
 */
import { sysdig } from './sysdig.ts';

export const sysdigActivity = sysdig({
  name: 'sysdig-activity',
  summary: 'Sysdig activity audit: commands, network connections, file accesses, and kubectl exec in containers.',
  path: '/secure/activity-audit/v1/entries',
  page: 200,
  parameters: { types: '{categories}' },
  categories: {
    values: {
      commands: 'commands',
      connections: 'connections',
      fileaccesses: 'fileaccesses',
      kubernetes: 'kubernetes',
      command: 'commands',
      connection: 'connections',
      fileaccess: 'fileaccesses',
    },
  },
});
