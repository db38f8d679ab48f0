/** undici, loaded when it is needed and opened for one origin. */
import { connectTimeout, patientlyByAddress } from '../connection/connecting.ts';
import type { HttpOptions } from '../http.ts';
import { noteCertificate } from '../connection/tls-errors.ts';
import { tlsOptions, type Trust } from '../connection/tls.ts';
import type { Client } from './dispatcher.ts';
import type { Proxy } from './proxy.ts';

/** Loads what the first request would load, so that a run has all of its program before it begins. */
export async function loadHttp(): Promise<typeof import('./dispatcher.ts')> {
  const { nodeMajor, setFlag } = await import('./v8-flag.ts');
  const dispatcher = import('./dispatcher.ts');
  await dispatcher;
  // V8 would optimise undici's parser after the first replies, for 30 to 60 ms: half a tick. It parses headers, not bodies.
  // Not sooner: with other flags than at the start, V8 takes no code cache (src/loader.ts).
  setFlag(nodeMajor === 20 ? '--liftoff-only' : '--wasm-tiering-budget=100000000');
  return dispatcher;
}

/** Opens undici for one origin, with our TLS options and the proxy. Throws Problem 78 when the extra roots cannot be used. */
export async function openClient(
  home: URL,
  proxy: Proxy | undefined,
  options: Trust & Pick<HttpOptions, 'timeout' | 'connectTimeout'>,
): Promise<Client> {
  const secure = home.protocol === 'https:' || proxy?.origin.startsWith('https:') === true;
  const tls = secure ? await tlsOptions(options) : {};
  const { openDispatcher } = await loadHttp();
  return openDispatcher(home.origin, {
    connection: {
      ...tls,
      ...patientlyByAddress,
      timeout: Math.min(options.connectTimeout ?? connectTimeout, options.timeout),
    },
    proxy,
    opened: noteCertificate,
  });
}
