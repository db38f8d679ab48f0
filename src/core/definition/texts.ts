/** The texts of a definition, with their places, and the placeholders in them. */
import type { SourceDefinition } from '../definition.ts';
import { placeholders } from './template.ts';

/** All places of a definition that a placeholder is used in. */
export function usedPlaceholders(definition: SourceDefinition): ReadonlySet<string> {
  return new Set(templatesOf(definition).flatMap(([, text]) => placeholders(text)));
}

/** What goes with every request. */
export type EveryRequest = Pick<SourceDefinition, 'headers' | 'parameters' | 'variables'>;

/** The placeholders that a request, or a part of one, is sent with: its own, and those of what goes with every request. */
export function sentWith({ headers, parameters, variables }: EveryRequest, request: unknown): ReadonlySet<string> {
  return new Set([...textsIn('', [request, headers, parameters, variables])].flatMap(([, text]) => placeholders(text)));
}

/** Every text that may have placeholders. */
export function templatesOf(definition: SourceDefinition): (readonly [at: string, text: string])[] {
  const { url, scope, variables, headers, parameters, auth, prepare, job, request, paging, items, branches } =
    definition;
  const parts = { url, scope, variables, headers, parameters, auth, prepare, job, request, paging, items, branches };
  return Object.entries(parts).flatMap(([name, part]) => [...textsIn(name, part)]);
}

/** Every text inside a value, with its place. */
export function* textsIn(at: string, value: unknown): Generator<readonly [at: string, text: string]> {
  if (typeof value === 'string') yield [at, value];
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      yield [`${at}.${key}`, key]; // names of members in a JSON body are filled, too
      yield* textsIn(`${at}.${key}`, member);
    }
  }
}

/** Whether any text inside the part has this placeholder. */
export function usesPlaceholder(part: unknown, name: string): boolean {
  return [...textsIn('', part)].some(([, text]) => placeholders(text).includes(name));
}
