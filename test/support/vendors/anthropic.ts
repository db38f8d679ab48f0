/** Plays Anthropic's Activity Feed: RFC 3339 bounds, a version header, five thousand at most. */
import { startIdCursor, type IdCursorVendor } from './id-cursor.ts';
import type { LoggedRequest, ServerOptions } from './server.ts';

export async function startAnthropic(options: ServerOptions = {}): Promise<IdCursorVendor> {
  const rules = {
    path: '/v1/compliance/activities',
    allows: (headers: LoggedRequest['headers']) =>
      headers['x-api-key'] === 'key' && headers['anthropic-version'] === '2023-06-01',
    parameters: { from: 'created_at.gte', until: 'created_at.lt', cursor: 'after_id', type: 'activity_types[]' },
    others: ['actor_ids[]', 'organization_ids[]'],
    most: 5000,
    timeOf(value: unknown) {
      const time = Date.parse(String(value));
      return Number.isNaN(time) ? undefined : time;
    },
    timeField: 'created_at',
  };
  return startIdCursor(rules, options);
}
