/** Elastic's Cloud ID: `name:base64("host$elasticsearch[$kibana]")`, as in elasticsearch-js src/client.ts. */
import { Buffer } from 'node:buffer';

/** The address of the cluster, or undefined when the text is not a Cloud ID. Either part may carry its own port. */
export function cloudUrl(cloudId: string): string | undefined {
  const parts = cloudId.trim().split(':');
  const encoded = parts[1];
  if (parts.length !== 2 || encoded === undefined || !/^[A-Za-z0-9+/_-]+=*$/.test(encoded)) return undefined;
  const [host = '', cluster = ''] = Buffer.from(encoded, 'base64').toString('utf8').split('$');
  const [hostName = '', hostPort] = host.split(':');
  const [clusterName = '', clusterPort] = cluster.split(':');
  const port = clusterPort ?? hostPort;
  const url = `https://${clusterName}.${hostName}${port === undefined ? '' : `:${port}`}`;
  return isLabel(clusterName) && isLabel(hostName) && URL.canParse(url) ? url : undefined;
}

/** Nothing that could lead elsewhere: no slash, no user info, no query. */
function isLabel(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);
}
