/** What a source is read with, the same for all its windows. */
import type { SourceDefinition } from '../definition.ts';
import type { Tools } from '../types.ts';
import type { VendorClient } from './vendor-client.ts';
import type { SearchPlan } from './search.ts';

export interface SourceContext {
  readonly definition: SourceDefinition;
  /** What is searched for. */
  readonly plan: SearchPlan;
  readonly vendor: VendorClient;
  readonly tools: Tools;
}
