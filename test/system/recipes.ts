/** The recipes of the README: what stands in a block under `<!-- recipe: name -->`. */
import { readFileSync } from 'node:fs';

export interface Recipe {
  /** Of the block. */
  readonly name: string;
  /** A crontab line's five fields. */
  readonly schedule: string | undefined;
  /** What the shell gets. */
  readonly command: string;
}

/** Every command of every recipe, in the order of the page. */
export function recipes(): Recipe[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const blocks = [...readme.matchAll(/<!-- recipe: (.+) -->\n+```sh\n([\s\S]*?)```/g)];
  return blocks.flatMap(([, name = '', block = '']) => {
    const withUser = block.includes('/etc/cron.d/');
    return commandsOf(block).map((text) => ({ name, ...scheduled(text, withUser) }));
  });
}

/** Lines without comments and without settings of cron; a line that ends in `\`, `|`, `&&` or `--` goes on in the next one. */
function commandsOf(block: string): string[] {
  const lines = block.split('\n').filter((line) => line !== '' && !/^(?:#|[A-Z]+=\S+$)/.test(line));
  const commands: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    if (isOpen) commands.push(`${commands.pop() ?? ''}\n${line}`);
    else commands.push(line);
    isOpen = /(?:\\|\||&&)$/.test(line);
  }
  return commands;
}

function scheduled(text: string, withUser: boolean): Omit<Recipe, 'name'> {
  const [, schedule, user = '', rest = ''] = /^((?:[\d*/]+ ){5})(\S+ )?([\s\S]+)$/.exec(text) ?? [];
  if (schedule === undefined) return { schedule: undefined, command: text };
  return { schedule: schedule.trimEnd(), command: withUser ? rest : user + rest };
}
