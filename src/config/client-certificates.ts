/** The client certificates of both ends: SOURCE_CLIENT_CERTIFICATE with SOURCE_CLIENT_KEY, and the same for SINK. */
import type { Settings } from '../core/setting.ts';
import type { ClientCertificate } from '../io/connection/client-certificate.ts';
import { originOf } from './findings.ts';
import { readSettings, type SettingLookup } from './settings.ts';

/** The end that asks for a certificate. */
export type Role = 'source' | 'sink';

export interface ClientCertificates {
  readonly source: ClientCertificate | undefined;
  readonly sink: ClientCertificate | undefined;
}

const namesOf = (role: Role): { readonly cert: string; readonly key: string } => ({
  cert: `${role.toUpperCase()}_CLIENT_CERTIFICATE`,
  key: `${role.toUpperCase()}_CLIENT_KEY`,
});

/** The four settings, so that their files and spelling are checked like those of all others. */
export const clientSettings: Settings = Object.fromEntries(
  (['source', 'sink'] as const).flatMap((role) => {
    const { cert, key } = namesOf(role);
    return [
      [cert, { summary: `Client certificate for the ${role}'s TLS, in PEM form.`, secret: true, lines: true }],
      [key, { summary: `Private key of ${cert}, in PEM form.`, secret: true, lines: true }],
    ];
  }),
);

/** Those of both ends. What is wrong with one is added to the faults of `reading.findings`. */
export async function clientCertificates(reading: SettingLookup): Promise<ClientCertificates> {
  const { findings } = reading;
  const values = readSettings(clientSettings, reading);

  async function of(role: Role): Promise<ClientCertificate | undefined> {
    const names = namesOf(role);
    const [cert, key] = [values[names.cert], values[names.key]];
    if (cert === undefined && key === undefined) return undefined;
    if (cert === undefined || key === undefined) {
      const [missing, there] = cert === undefined ? [names.cert, names.key] : [names.key, names.cert];
      findings.missing.set(missing, `${missing}_FILE, which goes with ${there}`);
      return undefined;
    }
    const { faultOfPair } = await import('../io/connection/client-certificate.ts');
    const [part, what] = faultOfPair({ cert, key }) ?? [];
    if (part !== undefined) {
      findings.faults.push({ text: `${names[part]} ${what}`, at: originOf(names[part], findings) });
    }
    return { cert, key };
  }

  return { source: await of('source'), sink: await of('sink') };
}
