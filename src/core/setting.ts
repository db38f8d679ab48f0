/** What a source or a destination is told by its user. */

/** A setting: an environment variable, with `NAME_FILE` beside every secret one. */
export interface Setting {
  /** One sentence, for the README and `audit-export sources`. */
  readonly summary: string;
  readonly required?: boolean;
  /** Required unless this other setting is there. */
  readonly unless?: string;
  readonly secret?: boolean;
  readonly default?: string;
  /**
   * What the text must be; `text` when left out. `url` is http(s) without user info; `flag` is true/false/1/0/yes/no; the
   * value of a `path` is absolute.
   */
  readonly kind?: 'text' | 'url' | 'flag' | 'integer' | 'duration' | 'path';
  /** Set without a value, it is the empty text; any other setting then counts as not set. */
  readonly mayBeEmpty?: boolean;
  /** The allowed values, if they can be listed. */
  readonly values?: readonly string[];
  /** Other environment variables that are read when this one is not set. */
  readonly aliases?: readonly string[];
  /** The text of a secret may have several lines. */
  readonly lines?: boolean;
  /** The word before the secret in its header, such as `ApiKey`: people paste it along, and it is left out. */
  readonly scheme?: string;
  /** The command-line flag that sets it, without dashes: apikey, apisecret, orgurl, apiurl. */
  readonly flag?: string;
}

export type Settings = Readonly<Record<string, Setting>>;

/** Checked values by setting name; settings that are not set and have no default are absent. */
export type SettingValues = Readonly<Record<string, string>>;

/** The same for settings that are known: what is required, or has a default, is there; of several values, it is one. */
export type ValuesOf<These extends Settings> = Readonly<
  { [Name in keyof These as These[Name] extends AlwaysThere ? Name : never]: ValueOf<These[Name]> } & {
    [Name in keyof These as These[Name] extends AlwaysThere ? never : Name]?: ValueOf<These[Name]>;
  }
>;

type AlwaysThere = { readonly required: true } | { readonly default: string };
type ValueOf<One extends Setting> = One extends { readonly values: readonly (infer Value extends string)[] }
  ? Value
  : string;
