/**
 * What Elasticsearch says that the credentials may do with an index. Every user may ask this about itself; OpenSearch
 * and clusters without security do not know the question.
 * https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-has-privileges
 */
import { isObject, objectOf } from '../../json/parsed.ts';

export const rightsPath = '_security/user/_has_privileges';

export interface Rights {
  /** To create documents. */
  readonly write: boolean;
  /** To have the index or data stream created by the first of them. */
  readonly create: boolean;
}

/** Privileges of which each is enough for that; others that are, such as `manage`, include them. */
const creating = ['auto_configure', 'create_index'];

/** The request body. */
export function rightsQuestion(index: string): string {
  return JSON.stringify({ index: [{ names: [index], privileges: ['create_doc', ...creating] }] });
}

/** Undefined when the answer does not say. */
export function rightsOf(text: string, index: string): Rights | undefined {
  const indexes = objectOf(text)?.['index'];
  const granted = isObject(indexes) ? indexes[index] : undefined;
  if (!isObject(granted)) return undefined;
  const rights = ['create_doc', ...creating].map((name) => granted[name]);
  if (!rights.every((right) => typeof right === 'boolean')) return undefined;
  const [write = false, ...create] = rights;
  return { write, create: create.includes(true) };
}

/** What is known of the index, and what only a delivery can prove; or what is lacking, and the HTTP status that would show it. */
export type IndexVerdict = { readonly found: string } | { readonly lacks: string; readonly like: 403 | 404 };

/** `status` is that of `HEAD /index`. */
export function indexVerdict(index: string, rights: Rights | undefined, status: number): IndexVerdict {
  const isMissing = status === 404;
  if (rights === undefined) {
    const what = isMissing ? `${index} is not there yet; that it can be created` : `the right to write to ${index}`;
    return { found: `${what} is proven by the first delivery` };
  }
  if (!rights.write) return { lacks: 'the credentials have no right to create documents', like: 403 };
  if (!isMissing) return { found: `may write to ${index}` };
  if (rights.create) return { found: `may write to ${index}, which the first delivery creates` };
  return { lacks: 'it is not there, and the credentials have no right to create it', like: 404 };
}
