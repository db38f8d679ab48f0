/** Sysdig Secure, platform audit: who did what in Sysdig itself. The token needs the permission audit-trail-events.read. */
import { sysdig } from './sysdig.ts';

export const sysdigAudit = sysdig({
  name: 'sysdig-audit',
  summary: 'Sysdig platform audit: who did what in Sysdig itself.',
  path: '/platform/v1/platform-audit-events',
  page: 999,
  query: {
    keys: {
      'content.requestMethod': { field: 'auditTrail.requestMethod', path: 'content.requestMethod' },
      'content.entityType': { field: 'auditTrail.entityType', path: 'content.entityType' },
      'content.teamName': { field: 'auditTrail.teamName', path: 'content.teamName' },
    },
    compare: '{field} = {value}',
    and: ' and ',
  },
});
