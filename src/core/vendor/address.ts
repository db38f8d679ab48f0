/** The addresses of a source, filled in from its settings. */
import { check, stepsOf } from '../hint.ts';
import type { OAuthDefinition, SourceDefinition } from '../definition.ts';
import { parseBase } from '../origin.ts';
import { exit, Problem } from '../problem.ts';
import { fill, placeholders, textOf, type TemplateValues } from '../definition/template.ts';

/** The URL that all requests of a source begin with, without a slash at its end. Throws Problem 78. */
export function baseUrl(definition: SourceDefinition, values: TemplateValues): string {
  const url = parsed(definition, addressOf(definition, values));
  if (url.search !== '' || url.hash !== '') {
    const step = 'leave out everything from the first ? or #';
    const settings = settingsOf(definition.url);
    throw new Problem(exit.config, `the address of ${definition.name} must end with its path`, {
      hint: settings.length === 0 ? step : check(settings, `: ${step}`),
    });
  }
  return url.origin + url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
}

/** The address that grants tokens. Throws Problem 78. */
export function tokenUrl(
  { name }: Pick<SourceDefinition, 'name'>,
  auth: OAuthDefinition,
  values: TemplateValues,
): string {
  // In a list, an address counts only with all its settings: https://{ACME_HOST}/token without one has the host `token`.
  const place = { name: `the token endpoint of ${name}`, url: [auth.url].flat() };
  return parsed(place, addressOf(place, values)).href;
}

type Place = Pick<SourceDefinition, 'name' | 'url'>;

/** Adds to the Problem of an address whose it is, and the settings that it is made of. */
function parsed({ name, url }: Place, address: string): URL {
  try {
    return parseBase(address);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const settings = settingsOf(url);
    const hint = settings.length === 0 ? error.steps : check(settings, `: ${error.hint ?? ''}`);
    throw error.with({ message: `${name}: ${error.message}`, hint });
  }
}

/** Makes `the URL` in the hint of an error the one at this base, unless the error knows a host of its own. */
export function ofAddress<T>(error: T, base: string): T | Problem {
  if (!(error instanceof Problem) || error.host !== undefined) return error;
  const isTold = stepsOf(error.steps).some((step) => typeof step !== 'string' && step.about === 'address');
  return isTold ? error.with({ host: new URL(base).host }) : error;
}

/** What a position belongs to: the URL, and whatever else says what is read. */
export function scopeOfSource(definition: SourceDefinition, values: TemplateValues): string {
  return `${baseUrl(definition, values)} ${fill(definition.scope ?? '', values)}`.trim();
}

/** The first address whose settings are all there: a list is for settings of which one is enough. */
function addressOf({ name, url }: Place, values: TemplateValues): string {
  if (typeof url === 'string') return fill(url, values);
  for (const each of url) {
    const template = typeof each === 'string' ? each : each.texts[textOf(values[each.setting])];
    if (template !== undefined && placeholders(template).every((setting) => textOf(values[setting]) !== '')) {
      return fill(template, values);
    }
  }
  throw new Problem(exit.config, `the address of ${name} is not set`, { hint: `set ${settingsOf(url).join(' or ')}` });
}

/** The settings that an address is made of, each once. */
export function settingsOf(url: SourceDefinition['url']): readonly string[] {
  const names = [url].flat().flatMap((each) => (typeof each === 'string' ? placeholders(each) : [each.setting]));
  return [...new Set(names)];
}
