/** A hint at settings, with where they are and with what is odd about a value that was refused. */
import { oddity } from '../config/suspicions.ts';
import type { Configuration } from '../config.ts';
import { exit, type Problem } from '../core/problem.ts';

const names = /^check ([A-Z][A-Z0-9_]+(?:(?:, | and | or )[A-Z][A-Z0-9_]+)*)(?=$|[,;:] )/;

/** `check SYCOPE_USERNAME and SYCOPE_PASSWORD` becomes `… in /etc/audit-export/sycope.env`. */
export function withPlace(
  problem: Problem,
  { findings, sourceValues, sinkValues }: Pick<Configuration, 'findings' | 'sourceValues' | 'sinkValues'>,
): Problem {
  const { status, hint = '' } = problem;
  const head = names.exec(hint)?.[0] ?? '';
  const settings = head.match(/[A-Z][A-Z0-9_]+/g) ?? [];
  const places = new Set(settings.flatMap((name) => findings.origins.get(name) ?? []));
  if (places.size === 0) return problem;
  const odd = status === exit.noperm ? settings.flatMap((name) => told(name, { ...sourceValues, ...sinkValues })) : [];
  return problem.with({
    hint: [`${head} in ${[...places].join(' and ')}${hint.slice(head.length)}`, ...odd].join('; '),
  });
}

function told(name: string, values: Readonly<Record<string, string>>): readonly string[] {
  const odd = oddity(values[name] ?? '');
  return odd === undefined ? [] : [`${name} ${odd}`];
}
