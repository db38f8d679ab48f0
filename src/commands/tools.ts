/** What a source or a sink may use of the world, as the configuration and the command line allow it. */
import type { Role } from '../config/client-certificates.ts';
import type { Configuration } from '../config.ts';
import type { Tools } from '../core/tools.ts';
import { openHttp } from '../io/http.ts';
import type { Trust } from '../io/connection/tls.ts';
import type { Host } from './host.ts';

/** What every connection to that end, at `address`, needs to know. */
export function connection(
  { http, sourceValues, sinkValues }: Configuration,
  { world }: Host,
  role: Role,
  address: string,
): Trust & { readonly timeout: number } {
  const origin = /^\w+:\/\/[^/?#]*/.exec(address)?.[0] ?? address;
  const values = Object.entries(role === 'source' ? sourceValues : sinkValues);
  const setting = values.find(([, value]) => value.startsWith(origin))?.[0];
  const { clients, proxies, ...trust } = http;
  return { ...trust, client: clients[role], setting, environment: { ...world.environment, ...proxies } };
}

interface Use {
  readonly role: Role;
  /** When the run's time is over, in milliseconds since 1970. */
  readonly until: number;
  /** From when on nothing more is begun. */
  readonly deadline: Tools['deadline'];
  /** Called when a client is asked for. */
  noteHttp(): void;
}

/** A sink's client may finish its request after a stop was asked for; a source's may not. */
export function makeTools(configuration: Configuration, host: Host, { role, until, deadline, noteHttp }: Use): Tools {
  const { world, log, stops } = host;
  const stop = role === 'source' ? stops.stop : stops.grace;
  const isSecret = (text: string): boolean => log.clean(text) !== text;
  return {
    http(base) {
      noteHttp();
      return openHttp(base, {
        ...connection(configuration, host, role, base),
        stop,
        until,
        now: world.now,
        debug: log.trace,
        hide: log.hidePassing,
        isSecret,
        role,
      });
    },
    now: world.now,
    wait: (milliseconds) => world.wait(milliseconds, stops.stop),
    turn: world.turn,
    random: world.random,
    debug: log.debug,
    hide: log.hidePassing,
    isSecret,
    warn: (message) => log.warn(message),
    stop: stops.stop,
    deadline,
  };
}
