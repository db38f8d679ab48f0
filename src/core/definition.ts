/**
 * A vendor described as data: what `src/sources/*.ts` hold and what a user writes as YAML for `--source ./acme.yaml`.
 *
 * One schema, and the type is taken from it. It has no defaults and changes nothing, so that the built-in definitions
 * are plain values that need no check when the program starts; a test puts each of them through it. What the engine
 * (core/rest.ts) cannot do has no key here, and unknown keys are refused.
 *
 * Templates are texts with placeholders (definition/template.ts): the names of the settings, of `variables`, and those
 * of definition/placeholders.ts, some of which have a value in one place only.
 * Paths name a member of a reply or record: `page.next`; a key with dots is quoted: `"@odata.nextLink"`. Lists are not
 * looked into.
 */
import * as z from 'zod/mini';
import { checkReferences } from './definition/check.ts';
import { faultsOf } from './definition/issue.ts';
import { placesOf } from './definition/places.ts';
import { branches, paging } from './definition/paging.ts';
import {
  address,
  answers,
  auth,
  job,
  jsonObject,
  optional,
  path,
  query,
  request,
  setting,
  template,
  templates,
  test,
} from './definition/parts.ts';
import { limits } from './definition/limits.ts';
import { records } from './definition/records.ts';
import { items, prepare } from './definition/steps.ts';
import { window } from './definition/window.ts';
import { exit, Problem } from './problem.ts';

/** Also read by the test that every part of it is explained in examples/acme.yaml. */
export const definitionSchema = z.strictObject({
  name: z.string().check(z.regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and dashes')),
  summary: z.string(),
  settings: z.record(z.string().check(z.regex(/^[A-Z][A-Z0-9_]*$/, 'a name in capitals')), setting),
  /** The base of every request. Of several, the first whose settings are set. */
  url: address,
  /** What is read besides `url`, without secrets; a position belongs to one scope. */
  scope: optional(template),
  /**
   * Named texts for the requests; of several, the first all of whose placeholders have a value, else the last. Each may name
   * those before it.
   */
  variables: optional(z.record(z.string(), z.union([template, z.array(template).check(z.minLength(1))]))),
  headers: optional(templates),
  /** Query parameters that go with every request, also to an address that the vendor gave, unless it has them. */
  parameters: optional(templates),
  auth,
  prepare: optional(prepare),
  job: optional(job),
  request,
  paging,
  items: optional(items),
  window,
  records,
  reply: optional(
    z.strictObject({
      /** HTTP statuses that mean that there are no records, such as 204. */
      empty: optional(z.array(z.int())),
      /** A reply is an error unless this holds, whatever its HTTP status. */
      success: optional(test),
      /** Members that mean an error, unless they are empty; `error` and `errors` when left out. */
      errors: optional(z.array(path)),
      /** Where the vendor says what was wrong, besides `message`, `detail`, `error` and `errors`. */
      messages: optional(z.array(path)),
      /** The session is over, although the HTTP status is not 401. */
      expired: optional(test),
      /** What says, besides HTTP 429, that the rate was exceeded: the request is sent again after a wait. */
      limited: optional(answers),
      /** What says, besides HTTP 5xx, that the vendor failed for now: the request is sent again. */
      unavailable: optional(answers),
    }),
  ),
  limits: optional(limits),
  branches: optional(branches),
  /** Keys of --query. Others are paths in the record, matched here. */
  query: optional(query),
  /** --categories */
  categories: optional(
    z.strictObject({
      /** Names for the vendor's own, which are texts, or JSON objects for a JSON body. */
      values: optional(z.record(z.string(), z.union([template, jsonObject]))),
      /** What is meant when the user names none. */
      default: optional(z.array(z.string())),
      /** Where a record says its own; matched here. */
      path: optional(path),
    }),
  ),
});

/** One vendor, as data. */
export type SourceDefinition = z.infer<typeof definitionSchema>;
export type RequestDefinition = z.infer<typeof request>;
export type PagingDefinition = z.infer<typeof paging>;
export type JobDefinition = z.infer<typeof job>;
export type BranchesDefinition = z.infer<typeof branches>;
export type AuthDefinition = z.infer<typeof auth>;
export type OAuthDefinition = Extract<AuthDefinition, { type: 'oauth2' }>;
export type EnvelopeTest = z.infer<typeof test>;
export type Answers = z.infer<typeof answers>;

/** How many faults one message names. */
const mostFaults = 8;

/**
 * The value as a definition. `from` is where it came from, and `example` where one is, for messages.
 * Throws Problem 78 naming the places inside it and what was expected there.
 */
export function parseDefinition(value: unknown, from: string, example = 'examples/acme.yaml'): SourceDefinition {
  const result = z.safeParse(definitionSchema, value);
  const faults = result.success
    ? checkReferences(result.data)
    : faultsOf(result.error.issues, value, placesOf(definitionSchema));
  if (faults.length === 0 && result.success) return result.data;
  const more = faults.length > mostFaults ? [`and ${faults.length - mostFaults} more`] : [];
  const wrong =
    faults.length === 0 ? 'not a definition of a source' : [...faults.slice(0, mostFaults), ...more].join('; ');
  throw new Problem(exit.config, `${from}: ${wrong}`, {
    hint: `compare it with ${example}, which explains every part of a definition`,
  });
}
