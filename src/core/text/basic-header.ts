/** HTTP Basic authentication (RFC 7617). */
import { Buffer } from 'node:buffer';

/** The value of the header. A name with a colon in it is read as a shorter one, and the rest as part of the password. */
export function basicHeader(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}
