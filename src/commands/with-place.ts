/** A hint at settings, with where they are and with what is odd about a value that was refused. */
import { oddity } from '../config/suspicions.ts';
import type { Configuration } from '../config.ts';
import { exit, type Problem } from '../core/problem.ts';

const names = /^check ([A-Z][A-Z0-9_]+(?:(?:, | and | or )[A-Z][A-Z0-9_]+)*)(?=$|[,;:] )/;

type Known = Pick<Configuration, 'findings' | 'sourceValues' | 'sinkValues' | 'sourceFile'>;

/** `check SYCOPE_USERNAME and SYCOPE_PASSWORD` becomes `… in /etc/audit-export/sycope.env`. */
export function withPlace(told: Problem, { findings, sourceValues, sinkValues, sourceFile }: Known): Problem {
  const problem = withFile(told, sourceFile);
  const { status, hint = '' } = problem;
  const head = names.exec(hint)?.[0] ?? '';
  const settings = head.match(/[A-Z][A-Z0-9_]+/g) ?? [];
  const places = new Set(settings.flatMap((name) => findings.origins.get(name) ?? []));
  if (places.size === 0) return problem;
  const odd =
    status === exit.noperm ? settings.flatMap((name) => oddities(name, { ...sourceValues, ...sinkValues })) : [];
  return problem.with({
    hint: [`${head} in ${[...places].join(' and ')}${hint.slice(head.length)}`, ...odd].join('; '),
  });
}

/** What is said of the definition is said of its file, if it is the user's own. */
function withFile(problem: Problem, file: string | undefined): Problem {
  const hint = problem.hint?.replace('in the definition', `in ${file}`);
  return file === undefined ? problem : problem.with({ hint });
}

function oddities(name: string, values: Readonly<Record<string, string>>): readonly string[] {
  const odd = oddity(values[name] ?? '');
  return odd === undefined ? [] : [`${name} ${odd}`];
}
