/**
 * A vendor described as data: what `src/sources/*.ts` hold and what a user writes as YAML for `--source ./acme.yaml`.
 *
 * One schema, and the type is taken from it. It has no defaults and changes nothing, so that the built-in definitions
 * are plain values that need no check when the program starts; a test puts each of them through it. What the engine
 * (core/rest.ts) cannot do is not in here, and a key that is not in here is refused.
 *
 * Templates are texts with placeholders (core/vendor/template.ts): the names of the settings, of `variables`, and those
 * of definition/placeholders.ts, some of which have a value in one place only.
 * Paths name a member of a reply or record: `page.next`; a key with dots is quoted: `"@odata.nextLink"`. Lists are not
 * looked into.
 */
import * as z from 'zod/mini';
import { checkReferences } from './definition/check.ts';
import { faultsOf } from './definition/issue.ts';
import { placesOf } from './definition/names.ts';
import { branches, paging } from './definition/paging.ts';
import {
  address,
  answers,
  auth,
  duration,
  job,
  jsonObject,
  missing,
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
import { items, prepare } from './definition/steps.ts';
import { exit, Problem } from './problem.ts';
import { timeFormats } from './time.ts';

/** A name of core/time.ts, or a pattern of core/clock/pattern.ts. */
const format = z.union([z.enum(timeFormats), z.strictObject({ pattern: z.string() })]);
/** Of times that name no zone themselves: a name of IANA, or an offset such as +02:00. UTC when left out. */
const zone = optional(z.string());
const timeFormat = z.union([
  z.enum(timeFormats),
  /**
   * `prefix` is written before the time; `inclusive`: the day that {until} names belongs to the window; `exclusive`: what
   * {from} names does not.
   */
  z.strictObject({
    format,
    zone,
    prefix: optional(z.string()),
    inclusive: optional(z.boolean()),
    exclusive: optional(z.boolean()),
  }),
]);

const window = z.strictObject({
  /** What the vendor's time filter goes by; `none`: it has no time filter. */
  filter: z.enum(['event', 'ingestion', 'none']),
  overlap: optional(duration),
  delay: optional(duration),
  firstRun: optional(duration),
  longest: optional(duration),
  /** Like `longest`, but of our own choice, so that a long window is saved in steps; `-x` asks for all of it. */
  slice: optional(duration),
  retention: optional(duration),
  /** How {from} and {until} are spelled; may be chosen by a setting. */
  time: optional(
    z.union([timeFormat, z.strictObject({ setting: z.string(), formats: z.record(z.string(), timeFormat) })]),
  ),
});

const records = z.strictObject({
  /** `json`: an array in a JSON document. `lines`: one record a line. `csv`: one a row, named by the first line. */
  format: optional(z.enum(['json', 'lines', 'csv'])),
  /** Where the array is; left out when the document is the array. */
  path: optional(path),
  /** `object`: its values are the records, under keys that mean nothing. */
  container: optional(z.enum(['array', 'object'])),
  missing: optional(missing),
  /**
   * The ID: one or more members, joined or with `first` the first that the record has; or the content where the vendor has
   * none (`without` is an older name of `volatile`).
   */
  id: z.union([
    z.strictObject({ paths: z.array(path).check(z.minLength(1)), first: optional(z.boolean()) }),
    z.strictObject({ content: z.literal(true), without: optional(z.array(path)) }),
  ]),
  time: optional(z.strictObject({ path, format, zone })),
  /** Members that may differ each time that a record is shown, and say nothing of its content. */
  volatile: optional(z.array(path)),
  /** How many records the whole window has, or the rest of it, as its first page says; fewer is an error. */
  total: optional(path),
  /** How many records the page has; fewer is an error. */
  count: optional(path),
  /** True there on the last page says that a cap cut off the rest: the window is read again in shorter parts. */
  capped: optional(path),
});

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
      /** What says, besides HTTP 429, that it was the rate: it is waited for, and asked again. */
      limited: optional(answers),
      /** What says, besides HTTP 5xx, that the vendor failed for now: it is asked again. */
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

/** Faults that are told at once. */
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
