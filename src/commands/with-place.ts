/** A hint with what its reader knows: where settings are, what holds the address, and whose the definition is. */
import { oddity } from '../config/suspicions.ts';
import type { Configuration } from '../config.ts';
import type { SourceDefinition } from '../core/definition.ts';
import { anAddress, check, isOfJob, ofSettings, stepsOf, stepText, type Step } from '../core/hint.ts';
import { exit, Problem } from '../core/problem.ts';
import { isHeaderValue } from '../core/text/header-text.ts';
import { listed } from '../core/text/listed.ts';
import { shellWord } from '../core/text/shell-word.ts';
import { baseUrl, settingsOf } from '../core/vendor/address.ts';

type Known = Pick<
  Configuration,
  'findings' | 'source' | 'sourceOrigin' | 'sourceFile' | 'sourceValues' | 'sink' | 'sinkValues'
>;

/** The Problem with its hint in the words of whoever reads it, and where the settings are that it names. */
export function withPlace(problem: Problem, known: Known): Problem {
  const { findings, source, sourceOrigin, sourceFile } = known;
  const given = stepsOf(problem.steps);
  const steps = forReader(given, known).map((step) => withUnfit(step, known));
  const where = (names: readonly string[]): string => at(names.flatMap((name) => findings.origins.get(name) ?? []));
  const setting = addressSetting(problem, known);
  const url = setting ?? addressOfSource(problem, known, where) ?? addressOfSink(problem, known, where);
  let addresses = 0;
  function told(step: string | Step): string {
    if (typeof step === 'string' || isOfJob(step)) return stepText(step);
    if (step.about === 'settings') return step.text(where(step.names));
    if (step.about === 'definition') return step.text(`in ${sourceFile}`);
    if (step.about === 'source') {
      return sourceOrigin === 'standard input' ? step.ofPipe : step.text(shellWord(sourceFile ?? source.name));
    }
    if (url === undefined) return stepText(step);
    addresses += 1;
    return step.text(addresses === 1 && setting !== undefined ? setting + where([setting]) : url);
  }
  const isValueToBlame = problem.status === exit.noperm || given.some(isOfHeader);
  const odd = isValueToBlame ? settingsIn(steps).flatMap((name) => oddities(name, known)) : [];
  return problem.with({ hint: [...steps.map(told), ...odd] });
}

function settingsIn(steps: readonly (string | Step)[]): readonly string[] {
  return steps.flatMap((step) => (typeof step !== 'string' && step.about === 'settings' ? step.names : []));
}

function isOfHeader(step: string | Step): boolean {
  return typeof step !== 'string' && step.about === 'header';
}

/** A step about what a header cannot carry names the settings that have it; those of several lines go elsewhere. */
function withUnfit(step: string | Step, { source, sourceValues, sink, sinkValues }: Known): string | Step {
  if (typeof step === 'string' || step.about !== 'header') return step;
  const settings = { ...source.settings, ...sink.settings };
  const values = Object.entries({ ...sourceValues, ...sinkValues });
  const unfit = values.filter(([name, value]) => settings[name]?.lines !== true && !isHeaderValue(value));
  if (unfit.length === 0) return stepText(step);
  const names = unfit.map(([name]) => name);
  return ofSettings(names, (where) => step.text(listed(names) + where));
}

/** The name of the one setting that holds the address which could not be asked. */
function addressSetting({ host }: Problem, { sourceValues, sinkValues }: Known): string | undefined {
  if ((host ?? '') === '') return undefined;
  const values = Object.entries({ ...sourceValues, ...sinkValues });
  const [name, other] = values.flatMap(([each, value]) => (hostOf(value) === host ? [each] : []));
  return other === undefined ? name : undefined;
}

/** What the address of the source is made of, where no setting holds it as it is. */
function addressOfSource(
  { host }: Problem,
  { source, sourceValues, sourceFile }: Known,
  where: (names: readonly string[]) => string,
): string | undefined {
  if (host === undefined || hostMade(() => baseUrl(source, sourceValues)) !== host) return undefined;
  const names = settingsOf(source.url).filter((name) => Object.hasOwn(source.settings, name));
  if (names.length > 0) return `${anAddress} (${listed(names)}${where(names)})`;
  return sourceFile && `url in ${sourceFile}`;
}

/** The setting that leads to the address of the destination, where none holds it. */
function addressOfSink(
  { host }: Problem,
  { sink: { address }, sinkValues }: Known,
  where: (names: readonly string[]) => string,
): string | undefined {
  if (host === undefined || address === undefined || host !== hostMade(() => address.of(sinkValues))) return undefined;
  return `${anAddress} (${address.setting}${where([address.setting])})`;
}

/** Undefined where there is no address: a source may be a pipe, or have one that is made later, as the sample. */
function hostMade(address: () => string): string | undefined {
  try {
    return hostOf(address());
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

/** Values are in a file or in the environment; a flag gives them. */
function at(places: readonly string[]): string {
  const all = [...new Set(places)];
  const flags = all.filter((place) => place.startsWith('--'));
  const others = all.filter((place) => !flags.includes(place));
  const inThem = others.length === 0 ? '' : ` in ${others.join(' and ')}`;
  return flags.length === 0 ? inThem : `${inThem} (${flags.join(' and ')})`;
}

/** The host of an address, with its port; nothing where the text is no address. */
function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : '';
}

/** Whoever has no definition is told what else can be done. */
function forReader(steps: readonly (string | Step)[], { source, sourceFile }: Known): readonly (string | Step)[] {
  if (sourceFile !== undefined) return steps;
  const others = steps.filter((step) => typeof step === 'string' || step.about !== 'definition');
  return others.length < steps.length && others.length === 0 ? report(source) : others;
}

/** The definition is ours: either something else answers, or it is ours to mend. */
function report({ url, settings }: SourceDefinition): readonly (string | Step)[] {
  const ofAddress = settingsOf(url).filter((name) => Object.hasOwn(settings, name));
  return [
    ofAddress.length === 0 ? "check the vendor's API version" : check(ofAddress, ", and the vendor's API version"),
    'if they are right, the replies have changed: report this message',
  ];
}

function oddities(name: string, { source, sourceValues, sink, sinkValues }: Known): readonly string[] {
  const isList = source.branches?.setting === name || { ...source.settings, ...sink.settings }[name]?.lines;
  const odd = oddity({ ...sourceValues, ...sinkValues }[name] ?? '', isList);
  return odd === undefined ? [] : [`${name} ${odd}`];
}
