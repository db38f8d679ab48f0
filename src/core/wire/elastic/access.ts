/** Where an Elasticsearch or OpenSearch cluster is, and how to authenticate. */
import { Buffer } from 'node:buffer';
import { exit, Problem } from '../../problem.ts';
import { isObject, objectOf } from '../../json/parsed.ts';
import { serverText } from '../../text/shown.ts';
import type { SettingValues } from '../../setting.ts';
import { basicHeader } from '../../text/basic-header.ts';
import { sinkBase } from '../sink-base.ts';

/** The base address, without a slash or the path of a bulk request at the end. Problem 78 unless exactly one of URL and Cloud ID is set. */
export function elasticAddress(values: SettingValues): string {
  const url = values['ELASTIC_URL'];
  const cloudId = values['ELASTIC_CLOUD_ID'];
  if ((url === undefined) === (cloudId === undefined)) {
    const which =
      url === undefined ? 'neither ELASTIC_URL nor ELASTIC_CLOUD_ID is' : 'ELASTIC_URL and ELASTIC_CLOUD_ID are both';
    throw new Problem(exit.config, `${which} set`, { hint: 'set one of them' });
  }
  const base = url ?? cloudUrl(cloudId ?? '');
  if (base !== undefined) return withoutBulk(sinkBase('ELASTIC_URL', base), values['ELASTIC_INDEX'] ?? '');
  throw new Problem(exit.config, 'ELASTIC_CLOUD_ID is not a Cloud ID', {
    hint: 'copy it from the deployment page in the Elastic Cloud console; it looks like name:bG9uZyB0ZXh0',
  });
}

/** People paste the address from an example, path included. */
function withoutBulk(base: string, index: string): string {
  for (const path of [`/${index}/_bulk`, '/_bulk']) if (base.endsWith(path)) return base.slice(0, -path.length);
  return base;
}

/**
 * The Authorization header, none without credentials. An API key is used as it is when it is encoded already, and
 * encoded here when it is `id:api_key`. Problem 78 for half a user.
 */
export function elasticCredentials(values: SettingValues): Readonly<Record<string, string>> {
  const key = values['ELASTIC_API_KEY'];
  const user = values['ELASTIC_USERNAME'];
  const password = values['ELASTIC_PASSWORD'];
  if (key !== undefined) return { authorization: `ApiKey ${key.includes(':') ? base64(key) : key}` };
  if (user === undefined && password === undefined) return {};
  if (user === undefined || password === undefined) {
    throw new Problem(exit.config, `${user === undefined ? 'ELASTIC_USERNAME' : 'ELASTIC_PASSWORD'} is not set`, {
      hint: 'set both ELASTIC_USERNAME and ELASTIC_PASSWORD, or ELASTIC_API_KEY',
    });
  }
  return { authorization: basicHeader(user, password) };
}

export interface ElasticServer {
  /** Undefined when it does not say that it is one of the two. */
  readonly name: string | undefined;
  /** Knows `include_source_on_error`, which came with 8.18 and 9.0. An unknown parameter is an error. */
  readonly quiet: boolean;
}

/** What answered `GET /`. A key that may only write is told nothing, but is good for everything else. */
export function elasticServer(text: string): ElasticServer {
  const version = objectOf(text)?.['version'];
  if (!isObject(version) || typeof version['number'] !== 'string') return { name: undefined, quiet: false };
  if (version['distribution'] !== undefined)
    return { name: serverText(`OpenSearch ${version['number']}`), quiet: false };
  const [major = 0, minor = 0] = version['number'].split('.').map(Number);
  return {
    name: serverText(`Elasticsearch ${version['number']}`),
    quiet: major > 8 || (major === 8 && minor >= 18),
  };
}

/** A Cloud ID is `name:base64("host$elasticsearch[$kibana]")`; either part may carry its own port. */
function cloudUrl(cloudId: string): string | undefined {
  const [, encoded, ...more] = cloudId.trim().split(':');
  if (encoded === undefined || more.length > 0 || !/^[A-Za-z0-9+/_-]+=*$/.test(encoded)) return undefined;
  const [host = '', cluster = ''] = Buffer.from(encoded, 'base64').toString('utf8').split('$');
  const [hostName = '', hostPort] = host.split(':');
  const [clusterName = '', clusterPort] = cluster.split(':');
  const port = clusterPort ?? hostPort;
  const url = `https://${clusterName}.${hostName}${port === undefined ? '' : `:${port}`}`;
  return isName(clusterName) && isName(hostName) && URL.canParse(url) ? url : undefined;
}

/** Whether it is a host name, with nothing that could lead elsewhere: no slash, no user info, no query. */
function isName(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
