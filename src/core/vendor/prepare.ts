/** Requests that must precede the first window, such as one for a subscription that collects the records. */
import type { SourceDefinition } from '../definition.ts';
import type { VendorClient } from './vendor-client.ts';
import { isAmong } from '../definition/answers.ts';
import type { TemplateValues } from '../definition/template.ts';

/** Sends the requests of `prepare`, once for each branch. */
export function preparation(
  { prepare = [] }: SourceDefinition,
  vendor: Pick<VendorClient, 'perform'>,
): (branch: string, values: TemplateValues) => Promise<void> {
  const prepared = new Set<string>();
  return async (branch, values) => {
    if (prepared.has(branch)) return;
    for (const [index, { request, done = [] }] of prepare.entries()) {
      const question = { request, values, what: `preparation ${index + 1}` };
      await vendor.perform(question, (status, said) => isAmong(done, status, said));
    }
    prepared.add(branch);
  };
}
