/** Sysdig Secure, runtime policy events. What its filter knows is listed by GET /secure/events/v1/supported-filters. */
import { sysdig } from './sysdig.ts';

export const sysdigEvents = sysdig({
  name: 'sysdig-events',
  summary: 'Sysdig runtime policy events: what its rules found on hosts, containers and clouds.',
  path: '/secure/events/v1/events',
  page: 200,
});
