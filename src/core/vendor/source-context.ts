/** What a source is read with, the same for all its windows. */
import type { SourceDefinition } from '../definition.ts';
import type { Tools } from '../tools.ts';
import type { WindowRules } from '../types.ts';
import type { VendorClient } from './vendor-client.ts';
import type { VendorSearch } from './search.ts';

export interface SourceContext {
  readonly definition: SourceDefinition;
  /** How its windows behave, by its settings as well. */
  readonly window: WindowRules;
  /** What is searched for. */
  readonly search: VendorSearch;
  readonly vendor: VendorClient;
  readonly tools: Tools;
}
