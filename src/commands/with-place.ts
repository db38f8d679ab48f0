/** A hint at settings, with where they are and with what is odd about a value that was refused. */
import { oddity } from '../config/suspicions.ts';
import type { Configuration } from '../config.ts';
import type { SourceDefinition } from '../core/definition.ts';
import { exit, type Problem } from '../core/problem.ts';
import { listed } from '../core/text/listed.ts';
import { settingsOf } from '../core/vendor/address.ts';

const names = /^check ([A-Z][A-Z0-9_]+(?:(?:, | and | or )[A-Z][A-Z0-9_]+)*)(?=$|[,;:] )/;

type Known = Pick<Configuration, 'findings' | 'source' | 'sourceValues' | 'sink' | 'sinkValues' | 'sourceFile'>;

/** `check SYCOPE_USERNAME and SYCOPE_PASSWORD` becomes `… in /etc/audit-export/sycope.env`. */
export function withPlace(told: Problem, known: Known): Problem {
  const { findings } = known;
  const problem = ofAddress(ofDefinition(told, known), known);
  const { status, hint = '' } = problem;
  const head = names.exec(hint)?.[0] ?? '';
  const settings = head.match(/[A-Z][A-Z0-9_]+/g) ?? [];
  const places = settings.flatMap((name) => findings.origins.get(name) ?? []);
  if (places.length === 0) return problem;
  const odd = status === exit.noperm ? settings.flatMap((name) => oddities(name, known)) : [];
  return problem.with({
    hint: [`${head}${at(places)}${hint.slice(head.length)}`, ...odd].join('; '),
  });
}

/** `the URL` becomes the name of the one setting that holds the address which could not be asked, and where that is. */
function ofAddress(problem: Problem, { findings, sourceValues, sinkValues }: Known): Problem {
  const { hint, host } = problem;
  if ((host ?? '') === '' || hint?.includes(theUrl) !== true) return problem;
  const values = Object.entries({ ...sourceValues, ...sinkValues });
  const [name, other] = values.flatMap(([each, value]) => (hostOf(value) === host ? [each] : []));
  if (name === undefined || other !== undefined) return problem;
  const place = findings.origins.get(name);
  const first = place === undefined ? name : `${name}${at([place])}`;
  return problem.with({ hint: hint.replace(theUrl, first).replaceAll(theUrl, name) });
}

/** Values are in a file or in the environment; a flag gives them. */
function at(places: readonly string[]): string {
  const all = [...new Set(places)];
  const flags = all.filter((place) => place.startsWith('--'));
  const others = all.filter((place) => !flags.includes(place));
  const inThem = others.length === 0 ? '' : ` in ${others.join(' and ')}`;
  return flags.length === 0 ? inThem : `${inThem} (${flags.join(' and ')})`;
}

const theUrl = 'the URL';

/** With its port; nothing where the text is no address. */
function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : '';
}

const inDefinition = 'in the definition';

/** What is said of the definition is said of its file; to whoever has none, what else can be done. */
function ofDefinition(problem: Problem, { source, sourceFile }: Known): Problem {
  const { hint } = problem;
  if (hint?.includes(inDefinition) !== true) return problem;
  if (sourceFile !== undefined) return problem.with({ hint: hint.replaceAll(inDefinition, `in ${sourceFile}`) });
  const others = hint.split('; ').filter((part) => !part.includes(inDefinition));
  return problem.with({ hint: others.length === 0 ? report(source) : others.join('; ').replace(/^or /, '') });
}

/** The definition is ours: either something else answers, or it is ours to mend. */
function report({ url, settings }: SourceDefinition): string {
  const ofAddress = settingsOf(url).filter((name) => Object.hasOwn(settings, name));
  const address = ofAddress.length === 0 ? '' : `${listed(ofAddress)}, and `;
  return `check ${address}the vendor's API version; if they are right, the replies have changed: report this message`;
}

function oddities(name: string, { source, sourceValues, sink, sinkValues }: Known): readonly string[] {
  const odd = oddity(
    { ...sourceValues, ...sinkValues }[name] ?? '',
    { ...source.settings, ...sink.settings }[name]?.lines,
  );
  return odd === undefined ? [] : [`${name} ${odd}`];
}
