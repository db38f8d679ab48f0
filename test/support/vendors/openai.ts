/** Plays OpenAI's audit logs: whole seconds, a hundred at most, and the tenant's events apart from the organization's. */
import { startIdCursor, type IdCursorVendor } from './id-cursor.ts';
import type { ServerOptions } from './server.ts';

export async function startOpenai(options: ServerOptions = {}): Promise<IdCursorVendor> {
  const rules = {
    path: '/v1/organization/audit_logs',
    allows: ({ authorization }: { readonly authorization?: unknown }) => authorization === 'Bearer key',
    parameters: { from: 'effective_at[gte]', until: 'effective_at[lt]', cursor: 'after', type: 'event_types[]' },
    others: ['project_ids[]', 'actor_ids[]', 'actor_emails[]', 'resource_ids[]', 'tenant_only'],
    shows: (type: string, query: URLSearchParams) => (query.get('tenant_only') === 'true') === ofTenant(type),
    most: 100,
    timeOf: (value: unknown) => (/^\d{10}$/.test(String(value)) ? Number(value) : undefined),
    timeField: 'effective_at',
  };
  return startIdCursor(rules, options);
}

function ofTenant(type: string): boolean {
  return type.startsWith('tenant.') || ['role.bound_to_resource', 'role.unbound_from_resource'].includes(type);
}
