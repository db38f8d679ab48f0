/** The parts of a definition: texts, requests, authentication, jobs, searches. core/definition.ts puts them together. */
import * as z from 'zod/mini';
import { plainPath } from '../json/path.ts';
import { durationOf } from '../clock/duration.ts';
import { timeFormats } from '../time.ts';

export const template = z.string();
const aPath = 'a path such as data.items';
export const path = z.string(aPath).check(z.refine((text) => plainPath(text) === text, aPath));
const aDuration = 'a duration such as 5m or 1h30m';
export const duration = z.string(aDuration).check(z.refine((text) => durationOf(text) !== undefined, aDuration));
export const count = z.int('a whole number above 0').check(z.positive('a whole number above 0'));
export const optional = z.exactOptional;
export const templates = z.record(z.string(), template);
/** Any value, with templates as texts. A text that is one placeholder becomes its value, with its type. */
export const jsonObject = z.record(z.string(), z.json());
/** A text that depends on the value of a setting. */
const choice = z.strictObject({ setting: z.string(), texts: templates });
/** An address. Of several, the first whose settings are set. */
export const address = z.union([template, z.array(z.union([template, choice])).check(z.minLength(1))]);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/**
 * A member of a reply's envelope that must be there and not null, and equal `equals`, or one of its values, if that is
 * given. `optional`: it may also be missing.
 */
export const test = z.strictObject({
  path,
  equals: optional(z.union([scalar, z.array(scalar).check(z.minLength(1))])),
  optional: optional(z.boolean()),
});

/** Replies that mean something of their own: HTTP statuses, and tests on the body of any reply. */
export const answers = z.array(z.union([z.int(), test]));

/**
 * What a reply without its list means: that there is nothing (`empty`), or an error. `null`: null there means nothing,
 * and nothing there is an error. `bare`: a reply with nothing else in it but what leads to the next page means nothing.
 * Left out: all are errors.
 */
export const missing = z.enum(['error', 'null', 'empty', 'bare']);

export const request = z.strictObject({
  /** GET when left out. A POST here only reads, and so may be sent again. */
  method: optional(z.enum(['GET', 'POST'])),
  /** Appended to `url` as it is; values put into it are percent-encoded. */
  path: template,
  headers: optional(templates),
  /** Parameters without a value are dropped; a list sends the parameter several times. */
  query: optional(z.record(z.string(), z.union([template, z.array(template)]))),
  json: optional(jsonObject),
  form: optional(templates),
});

export const setting = z.strictObject({
  summary: z.string(),
  required: optional(z.boolean()),
  unless: optional(z.string()),
  secret: optional(z.boolean()),
  default: optional(z.string()),
  mayBeEmpty: optional(z.boolean()),
  kind: optional(z.enum(['text', 'url', 'flag', 'integer', 'duration'])),
  values: optional(z.array(z.string())),
  aliases: optional(z.array(z.string())),
  lines: optional(z.boolean()),
  flag: optional(z.enum(['apikey', 'apisecret', 'orgurl', 'apiurl'])),
});

/** How a request is authenticated. A new scheme is one more member here, and a branch in core/vendor. */
export const auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('headers'), headers: templates }),
  z.strictObject({ type: z.literal('basic'), username: template, password: template }),
  /** A secret in the address is seen by proxies: only for vendors that offer nothing else. */
  z.strictObject({ type: z.literal('query'), query: templates }),
  /** Members added to every JSON or form body. */
  z.strictObject({ type: z.literal('body'), body: templates }),
  /**
   * Each request is signed (HMAC, RFC 2104): `text` says what, with {date}, {method}, {host}, {path} and {parameters} of
   * the request, the parameters in the order of their names. `headers` carry {date}, {signature} and {basic}, which is
   * `basic` as of RFC 7617.
   */
  z.strictObject({
    type: z.literal('signature'),
    algorithm: z.enum(['sha1', 'sha256', 'sha512']),
    key: template,
    text: template,
    /** How {date} is written. */
    date: z.enum(timeFormats),
    encoding: z.enum(['hex', 'base64']),
    basic: optional(z.strictObject({ username: template, password: template })),
    headers: templates,
  }),
  /** A login whose cookies or token go with every later request, and a logout at the end, however the run went. */
  z.strictObject({
    type: z.literal('session'),
    /** The page with the form, asked for first: its hidden field, meta tag or cookie is {csrf} in `login` and `logout`, if it has any. */
    page: optional(
      z.strictObject({
        request,
        field: optional(z.string()),
        meta: optional(z.string()),
        cookie: optional(z.string()),
      }),
    ),
    login: request,
    /** The login worked when this holds; an HTTP status that is no success always means that it did not. */
    success: optional(test),
    /** Where the token is and what headers carry it; without it the login must set a cookie. */
    token: optional(
      z.strictObject({
        path: optional(path),
        header: optional(z.string()),
        /** The cookie of that name, as it is when a request is sent. */
        cookie: optional(z.string()),
        headers: templates,
      }),
    ),
    logout: optional(request),
  }),
  /** A token from an endpoint of its own, perhaps on another host (RFC 6749 section 3.2); nothing else goes there. */
  z.strictObject({
    type: z.literal('oauth2'),
    url: address,
    /** The client's name and password by Basic authentication; without it they stand in `form`. */
    basic: optional(z.strictObject({ username: template, password: template })),
    form: optional(templates),
    query: optional(templates),
    /** A JWT that is signed here (RFC 7523). Unless `claims` has them, it gets iat, nbf, exp and jti. */
    assertion: optional(
      z.strictObject({
        /** The setting with the private key in PEM form; for HS256, with the secret that both sides know. */
        key: template,
        algorithm: z.enum(['RS256', 'PS256', 'ES256', 'HS256']),
        header: optional(templates),
        claims: jsonObject,
        /** 3m when left out. */
        lifetime: optional(duration),
      }),
    ),
    /** `access_token`, and the header `Authorization: Bearer {token}`, when left out. */
    token: optional(z.strictObject({ path: optional(path), headers: optional(templates) })),
  }),
]);

/** A query that the vendor works on by itself: started once a window, before the pages are asked for with {job}. */
export const job = z.strictObject({
  request,
  /** Where {job} is in the answer. */
  id: path,
  /**
   * How many records it found: in the same answer, or in the last one to `poll`. Null or missing means that it may not
   * have finished, where there is no `poll`.
   */
  total: optional(path),
  /** Sent until the answer passes `until`: `every` (2s), then a little less often, for `longest` (10m). */
  poll: optional(
    z.strictObject({
      request,
      until: test,
      /** The job has failed, and never will pass `until`. */
      failed: optional(test),
      every: optional(duration),
      longest: optional(duration),
    }),
  ),
  /** Sent at the end, whether its records were read or it failed. The answer does not matter. */
  close: optional(request),
});

/** How --query reaches the vendor. */
export const query = z.strictObject({
  keys: z.record(
    z.string(),
    z.strictObject({
      /** Sent as this query parameter. */
      parameter: optional(z.string()),
      /** Sent inside {query}: `compare` with this name for {field}. */
      field: optional(z.string()),
      /** Matched here, at this path of the record. */
      path: optional(path),
    }),
  ),
  /**
   * One comparison in the vendor's language: {field} is the name, {value} the value as a JSON string in quotes. Or a
   * JSON object, where {value} is the value itself; {query} then is the list of them.
   */
  compare: optional(z.union([template, jsonObject])),
  /** Between two comparisons that are texts. */
  and: optional(z.string()),
  /** The vendor compares any member at the top of a record: keys that are not listed are sent, too. */
  open: optional(z.boolean()),
  /** Values that read like a number are written without quotes. */
  numbers: optional(z.literal('bare')),
});
