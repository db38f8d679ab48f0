/** From a request as a definition describes it to the one on the wire: placeholders filled in, credentials added. */
import type { OAuthDefinition, RequestDefinition, SourceDefinition } from '../definition.ts';
import type { HttpRequest } from '../tools.ts';
import { baseUrl } from './address.ts';
import { basicHeader } from '../text/basic-header.ts';
import { encode, filledPath } from './filled-path.ts';
import { fill, fillJson, fillValue, jsonText, textOf, type TemplateValues } from '../definition/template.ts';

/** What every request of a source is built from besides its own definition. */
export interface Surroundings {
  readonly definition: SourceDefinition;
  readonly values: TemplateValues;
  /** Query parameters of --query that the vendor knows. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Headers that carry a session's token. */
  readonly token?: Readonly<Record<string, string>>;
  /** The address that the vendor gave for the next page, instead of path and query. */
  readonly url?: string | undefined;
  /** `baseUrl`, where it is known. */
  readonly base?: string;
}

/** The request on the wire, credentials included. */
export function buildRequest(request: RequestDefinition, surroundings: Surroundings): HttpRequest {
  const { definition, values, parameters = {}, token = {}, url, base } = surroundings;
  const { auth } = definition;
  const always = definition.parameters ?? {};
  const credentials = auth.type === 'query' ? parametersOf(auth.query, values) : [];
  const address =
    url === undefined
      ? (base ?? baseUrl(definition, values)) +
        withQuery(filledPath(definition.name, request.path, values), [
          ...parametersOf({ ...always, ...request.query }, values),
          ...Object.entries(parameters), // as the user typed them: they are not templates
          ...credentials,
        ])
      : withQuery(
          url,
          [...parametersOf(always, values), ...credentials].filter(([name]) => !new URL(url).searchParams.has(name)),
        );
  const body = bodyOf(request, values, auth.type === 'body' ? auth.body : {});
  return {
    method: request.method ?? 'GET',
    url: address,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': body.type }),
      ...headersOf({ ...definition.headers, ...request.headers }, values),
      ...authorization(definition, values),
      ...token,
    },
    ...(body === undefined ? {} : { body: body.text }),
    repeatable: true,
  };
}

/** The request for a token (RFC 6749 section 3.2). It has none of the headers that the API gets: this may be another host. */
export function tokenRequest(address: string, auth: OAuthDefinition, values: TemplateValues): HttpRequest {
  const { basic, form = {}, query = {} } = auth;
  // RFC 6749 section 2.3.1: both parts are encoded as in a form, so that a colon in one of them does no harm.
  const part = (text: string): string => encode(fill(text, values));
  return {
    method: 'POST',
    url: withQuery(address, parametersOf(query, values)),
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(basic && { authorization: basicHeader(part(basic.username), part(basic.password)) }),
    },
    body: inForm(parametersOf(form, values)),
    repeatable: true,
    followRedirects: false,
  };
}

/** Headers with their placeholders filled; those without a value are dropped. Names become lower case. */
export function headersOf(templates: Readonly<Record<string, string>>, values: TemplateValues): Record<string, string> {
  const filled = Object.entries(templates).map(
    ([name, text]) => [name.toLowerCase(), fillValue(text, values)] as const,
  );
  return Object.fromEntries(filled.flatMap(([name, value]) => (value === undefined ? [] : [[name, textOf(value)]])));
}

function authorization({ auth }: SourceDefinition, values: TemplateValues): Record<string, string> {
  if (auth.type === 'headers') return headersOf(auth.headers, values);
  if (auth.type !== 'basic') return {};
  return { authorization: basicHeader(fill(auth.username, values), fill(auth.password, values)) };
}

type Parameters = Readonly<Record<string, string | readonly string[]>>;

/** Names and values, in order; those without a value are dropped, a list becomes several of the same name. */
function parametersOf(templates: Parameters, values: TemplateValues): (readonly [name: string, value: string])[] {
  return Object.entries(templates).flatMap(([name, texts]) =>
    [texts].flat().flatMap((text) => {
      const value = fillValue(text, values);
      const list = value === undefined ? [] : typeof value === 'object' ? value : [value];
      return list.map((each) => [name, typeof each === 'object' ? jsonText(each) : String(each)] as const);
    }),
  );
}

function withQuery(address: string, parameters: ReturnType<typeof parametersOf>): string {
  if (parameters.length === 0) return address;
  return address + (address.includes('?') ? '&' : '?') + inForm(parameters);
}

function inForm(parameters: ReturnType<typeof parametersOf>): string {
  return parameters.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

function bodyOf(
  request: RequestDefinition,
  values: TemplateValues,
  credentials: Readonly<Record<string, string>>,
): { readonly type: string; readonly text: string } | undefined {
  if (request.json !== undefined) {
    return { type: 'application/json', text: jsonText(fillJson({ ...request.json, ...credentials }, values)) };
  }
  if (request.form === undefined) return undefined;
  const text = inForm(parametersOf({ ...request.form, ...credentials }, values));
  return { type: 'application/x-www-form-urlencoded', text };
}
