/** The command line as data: which commands and flags there are, and what the help says. cli.ts parses by it. */

/** `pull` is what runs when none is named. */
export const commands = ['pull', 'check', 'status', 'sources', 'sinks'] as const;
export type CommandName = (typeof commands)[number];

export const summaries: Readonly<Record<Exclude<CommandName, 'pull'>, string>> = {
  check: 'log in to both ends, fetch one page, send nothing, say what works',
  status: "every job's position, lag and last outcome",
  sources: 'list all sources, or show the settings of those that are named',
  sinks: 'list all sinks with their settings, or those that are named',
};

/** The flags as given; a flag that was not given is absent. */
export interface Flags {
  readonly source?: string;
  readonly sink?: string;
  readonly output?: string;
  readonly bulkFormat?: string;
  readonly since?: string;
  readonly until?: string;
  readonly query?: readonly string[];
  readonly rawQuery?: string;
  readonly categories?: readonly string[];
  readonly idPath?: readonly string[];
  readonly timePath?: string;
  readonly timeFormat?: string;
  readonly volatilePath?: readonly string[];
  readonly add?: readonly string[];
  readonly limit?: string;
  readonly singleQuery?: true;
  readonly continue?: true;
  readonly envFile?: readonly string[];
  readonly job?: string;
  readonly stateDir?: string;
  readonly overlap?: string;
  readonly delay?: string;
  readonly firstRun?: string;
  readonly maxRuntime?: string;
  readonly dedupe?: string;
  readonly maxQuarantine?: string;
  readonly holdOff?: string;
  /** False after `--no-position`. */
  readonly position?: boolean;
  readonly dryRun?: true;
  readonly verbose?: number;
  readonly quiet?: true;
  readonly logFormat?: string;
  /** False after `--no-progress`. */
  readonly progress?: boolean;
  readonly caFile?: string;
  readonly insecure?: true;
  readonly allowPlaintext?: true;
  readonly timeout?: string;
  readonly apikey?: string;
  readonly apisecret?: string;
  readonly orgurl?: string;
  readonly apiurl?: string;
  /** Names after `sources` or `sinks`: only these are listed. */
  readonly names?: readonly string[];
  /** What stands after `--`: a command and its arguments. */
  readonly command?: readonly [string, ...string[]];
}

/** The words of a command line that are the program's own: what stands after `--` belongs to another one. */
export function ownWords(argv: readonly string[]): readonly string[] {
  const separator = argv.indexOf('--');
  return separator === -1 ? argv : argv.slice(0, separator);
}

export interface FlagRow {
  /** As commander reads it: `-s, --source <name>`. */
  readonly flags: string;
  readonly says: string;
  /** `list` may be given several times; `count` counts. */
  readonly kind?: 'list' | 'count';
  /** The commands that look at it: pull and check when left out. The others refuse it. */
  readonly commands?: readonly CommandName[];
}

/** Commands that are about one job. */
const ofJobs = ['pull', 'check'] as const;
/** `status` takes no --env-file: a job that it describes is not looked for, and where positions live is not in it. */
const ofPositions = [...ofJobs, 'status'] as const;

/** Whether the command looks at the flag. */
export function isTakenBy(command: CommandName, { commands: those = ofJobs }: FlagRow): boolean {
  return those.includes(command);
}

/** All flags, in the order of the help. */
export const flagTable: readonly FlagRow[] = [
  { flags: '-s, --source <name|file|->', says: 'built-in source, definition file (.yaml, .yml, .json), - for stdin' },
  { flags: '-o, --sink <name>', says: 'where records go: audit-export sinks lists them (default: stdout)' },
  { flags: '--output <path>', says: 'file to append to; without --sink it means --sink file' },
  { flags: '--bulk-format <format>', says: "print in a sink's wire form: elastic, splunk, sekoia, none" },
  { flags: '--since <time>', says: 'from: 2026-11-20T09:00:00Z, or back from now: 65m, 7d, 1h30m' },
  { flags: '--until <time>', says: 'to, exclusive; spelled like --since (default: now)' },
  {
    flags: '--query <k=v,...>',
    says: 'only records with these exact values; k is a path: in a.b.c a dot may belong to a name, in a."b.c" it does; repeatable',
    kind: 'list',
  },
  { flags: '--raw-query <text>', says: "a filter in the vendor's own language, sent as it is" },
  {
    flags: '--categories <a,b>',
    says: "the source's own record categories (default: all); repeatable",
    kind: 'list',
  },
  { flags: '--id-path <path>', says: 'stdin: where the ID of a line is (default: record.id, else id)', kind: 'list' },
  { flags: '--time-path <path>', says: 'stdin: where the time of a line is (default: nowhere)' },
  { flags: '--time-format <format>', says: 'stdin: form of that time: iso, epoch-s, epoch-ms … (default: iso)' },
  {
    flags: '--volatile-path <path,...>',
    says: 'stdin: members that may differ when a line comes again without making it a new record; repeatable',
    kind: 'list',
  },
  { flags: '--limit <n>', says: "records asked for in one API query (default: the source's best)" },
  { flags: '-x, --single-query', says: 'send one API query only, even if there is more' },
  { flags: '-c, --continue', says: 'use and save the position despite --since, --until, --query or -x' },
  { flags: '--no-position', says: 'read and save no position' },
  { flags: '--add <key=value>', says: 'add a field to every record; repeatable', kind: 'list' },
  {
    flags: '-e, --env-file <file>',
    says: 'read settings from this file (default: ./.env if there); repeatable',
    kind: 'list',
  },
  {
    flags: '--job <name>',
    says: 'name of the job (default: from source, scope and sink; status: all)',
    commands: ofPositions,
  },
  {
    flags: '--state-dir <dir>',
    says: 'where positions live (default: ~/.local/state/audit-export)',
    commands: ofPositions,
  },
  { flags: '--overlap <duration>', says: "how far back a job looks again (default: the source's, else 5m)" },
  {
    flags: '--delay <duration>',
    says: "leave out what is younger (default: the source's; in a search 0s)",
  },
  { flags: '--first-run <duration>', says: "how far back a job begins, 0s for now (default: the source's, else 7d)" },
  { flags: '--max-runtime <duration>', says: 'stop cleanly within this time and keep what was delivered (exit 75)' },
  {
    flags: '--hold-off <duration>',
    says: 'after three failed runs of a job, leave both ends alone this long (exit 75)',
  },
  {
    flags: '--dedupe <rule>',
    says: 'what makes a record new: id, changes (other content under a known ID, the default) or content (always both)',
  },
  {
    flags: '--max-quarantine <percent>',
    says: 'share of the records, beyond ten, that may be set aside before a run ends with 65 (default: 10)',
  },
  { flags: '--dry-run', says: 'pull and count; send and save nothing' },
  { flags: '-v, --verbose', says: 'say what happens; -vv: in detail', kind: 'count', commands },
  { flags: '-q, --quiet', says: 'print errors only', commands },
  { flags: '--log-format <text|json>', says: 'form of stderr (default: text; with -v off a terminal: json)', commands },
  { flags: '--no-progress', says: 'no progress line on a terminal', commands },
  { flags: '--ca-file <file>', says: 'trust these root certificates too' },
  { flags: '--insecure', says: 'do not verify TLS certificates (warns on every run)' },
  { flags: '--allow-plaintext', says: 'permit http:// to other machines; certificates are verified as always' },
  { flags: '--timeout <duration>', says: 'longest time for one request, all of it (default: 60s)' },
  { flags: '--apikey <key>', says: 'API key, for sources that have one; ps shows it, unlike a setting' },
  { flags: '--apisecret <secret>', says: 'API secret, likewise' },
  { flags: '--orgurl <url>', says: 'organisation URL, for sources that have one' },
  { flags: '--apiurl <url>', says: 'API URL, for sources that have one' },
];

/** What the help says after the flags. */
export const epilogue = `
A command after -- takes the records on its standard input; the position is saved only if it exits 0.
What it prints goes to standard output as it is; with --bulk-format it is read as the answer to the records.
With --since, --until, --query or -x it searches and touches no position; with -c it uses and saves one.
Settings (URLs, keys) are environment variables or lines of an env file; \`audit-export sources\` and
\`audit-export sinks\` list them. Every secret NAME can be read from the file that NAME_FILE names.

Exit status:
  0 all delivered, or nothing new   3 delivered, but records were set aside or a gap was found
  64 wrong flags   65 unusable data   69 unreachable   70 a bug   73 cannot create a file   74 cannot write
  75 try again: locked, rate-limited, out of time   76 the other side broke the rules   77 credentials refused
  78 settings or state wrong   129 130 143 stopped by a signal, progress kept

Examples:
  audit-export --source sample                                    try it out: a made-up vendor inside this program
  audit-export -s sycope --since 2h                               search, on the terminal
  spl audit export --since 12h | audit-export -s - -o elastic     JSON Lines from a pipe, each delivered once
  audit-export -s cirrus --bulk-format elastic -- curl …          to a command, safely
  * * * * * audit-export -e /etc/audit-export/sycope.env          crontab: continue from the saved position

The README beside the program explains promises, position, sources and destinations.`;
