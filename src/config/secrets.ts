/** Secrets beside those that settings bring: in a definition of the user's own, and in the environment of children. */
import type { SourceDefinition } from '../core/definition.ts';
import { ownSecrets } from '../core/definition/check/secrets.ts';
import type { Settings, SettingValues } from '../core/setting.ts';
import type { Environment } from '../io/world.ts';
import type { Findings } from './findings.ts';

/** Adds what a definition file of the user's has as a secret itself; what comes with the program is known to everybody. */
export function hideOwnSecrets(definition: SourceDefinition, values: SettingValues, { secrets }: Findings): void {
  for (const text of ownSecrets(definition)) secrets.add(text);
  for (const [name, { secret, default: preset }] of Object.entries(definition.settings)) {
    if (secret === true && preset !== undefined && values[name] === preset) secrets.add(preset);
  }
}

/** Takes what was read as a secret out of the environment: a command that the program starts inherits it. */
export function forgetSecrets(environment: Environment, settings: Settings): void {
  for (const [name, { secret, aliases = [] }] of Object.entries(settings)) {
    if (secret === true) for (const spelling of [name, ...aliases]) delete environment[spelling];
  }
}
