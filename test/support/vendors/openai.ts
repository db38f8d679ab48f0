/** Plays OpenAI's audit logs: whole seconds, a hundred at most. */
import { startIdCursor, type IdCursorVendor } from './id-cursor.ts';
import type { ServerOptions } from './server.ts';

export async function startOpenai(options: ServerOptions = {}): Promise<IdCursorVendor> {
  const rules = {
    path: '/v1/organization/audit_logs',
    allows: ({ authorization }: { readonly authorization?: unknown }) => authorization === 'Bearer key',
    parameters: { from: 'effective_at[gte]', until: 'effective_at[lt]', cursor: 'after', type: 'event_types[]' },
    others: ['project_ids[]', 'actor_ids[]', 'actor_emails[]', 'resource_ids[]'],
    most: 100,
    timeOf: (value: unknown) => (/^\d{10}$/.test(String(value)) ? Number(value) : undefined),
    timeField: 'effective_at',
  };
  return startIdCursor(rules, options);
}
