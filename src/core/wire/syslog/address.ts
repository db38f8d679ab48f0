/** Where a syslog receiver is: `tls://host:port` (RFC 5425) or `tcp://host:port` (RFC 6587). */
import { exit, Problem } from '../../problem.ts';
import { asPasted, pasted } from '../../text/pasted.ts';

const ports: Readonly<Record<string, string>> = { 'tls:': '6514', 'tcp:': '514' };

/** The address with its port. Throws Problem 78, without the text, which may hold a password. */
export function syslogAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const port = ports[url?.protocol ?? ''];
  const isBare =
    url !== undefined &&
    ['', '/'].includes(url.pathname) &&
    [url.username, url.password, url.search, url.hash].every((part) => part === '');
  if (url === undefined || port === undefined || url.hostname === '' || !isBare || pasted(text) !== undefined) {
    throw new Problem(exit.config, `SYSLOG_URL is not the address of a syslog receiver${asPasted(text)}`, {
      hint: 'write it like tls://siem.example:6514, or tcp://127.0.0.1:514',
    });
  }
  return `${url.protocol}//${url.hostname}:${url.port || port}`;
}
