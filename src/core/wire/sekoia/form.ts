/**
 * The routes of Sekoia.io's HTTPS intake ("Forward Logs to Sekoia.io via HTTPS", and "Formatting options" for /array).
 * Events are sent as text: a record in `json` or `jsons` is a JSON string, so that nothing in it can be altered.
 * https://docs.sekoia.io/integration/ingestion_methods/https/format/
 */
import { Buffer } from 'node:buffer';
import { eventTime } from '../../clock/event-time.ts';
import { comma, enclosed } from '../json-list.ts';
import { bareRecord, type Encode, jsonLine } from '../json-line.ts';
import { appendJsonString } from '../../json/json-string.ts';
import { isObject } from '../../json/parsed.ts';
import type { Batch } from '../../types.ts';

export const sekoiaEndpoints = ['plain', 'plain/batch', 'jsons', 'structured', 'batch', 'array'] as const;
export type SekoiaEndpoint = (typeof sekoiaEndpoints)[number];

export interface SekoiaRoute {
  /** Path below the address of the intake. */
  readonly path: string;
  /** One event a request. */
  readonly single: boolean;
  /** The intake key is a field of the body, and nowhere else. */
  readonly keyInBody: boolean;
  readonly contentType: 'text/plain' | 'application/json';
  readonly encode: Encode;
  /** Bytes of an event as it is before it is escaped, by what it was encoded to. */
  eventBytes(encoded: Buffer): number;
  /** The request body that the encoded records of a batch make. */
  enclose(body: Buffer): Buffer;
  /** Headers that tell the event's own time, where the route takes one for the whole request. */
  headers(batch: Batch): Readonly<Record<string, string>>;
}

/** The route; `key` is the intake key. */
export function sekoiaRoute(endpoint: SekoiaEndpoint, key: string): SekoiaRoute {
  const keyField = `"intake_key":${JSON.stringify(key)}`;
  const usual = { path: `/${endpoint}`, single: false, keyInBody: false, enclose: asIs, headers: () => ({}) };
  const text = { contentType: 'text/plain' } as const;
  const json = { contentType: 'application/json', eventBytes: escapedBytes } as const;
  const inBrackets = (body: Buffer): Buffer => enclosed(body, '[', ']');
  const routes: Readonly<Record<SekoiaEndpoint, Omit<SekoiaRoute, keyof typeof usual> & Partial<SekoiaRoute>>> = {
    plain: { ...text, single: true, encode: bareRecord, eventBytes: ({ length }) => length, headers: timeHeader },
    'plain/batch': {
      ...text,
      encode: jsonLine,
      eventBytes: ({ length }) => length - 1,
      // Line breaks separate events: one behind the last could be taken for an empty event more.
      enclose: (body) => body.subarray(0, -1),
    },
    jsons: { ...json, encode: element, enclose: inBrackets },
    structured: { ...json, path: '/', single: true, keyInBody: true, encode: object(keyField, '@timestamp', '}') },
    batch: {
      ...json,
      keyInBody: true,
      encode: element,
      enclose: (body) => enclosed(body, `{${keyField},"jsons":[`, ']}'),
    },
    array: { ...json, keyInBody: true, encode: object(keyField, 'timestamp', '},'), enclose: inBrackets },
  };
  return { ...usual, ...routes[endpoint] };
}

function asIs(body: Buffer): Buffer {
  return body;
}

const element: Encode = (record, out) => {
  appendJsonString(record.bytes, record.start, record.end, out);
  out.bytes(comma, 0, 1);
};

/** Of a JSON string, by itself or in the field `json` of an object; a comma may follow. */
function escapedBytes(encoded: Buffer): number {
  const value: unknown = JSON.parse(encoded.toString('utf8').replace(/,$/, ''));
  return Buffer.byteLength(String(isObject(value) ? value['json'] : value));
}

/** `{"intake_key":"...","@timestamp":"...","json":"..."}` */
function object(keyField: string, timeName: string, end: string): Encode {
  return (record, out) => {
    const time = eventTime(record);
    out.text(`{${keyField},${time === undefined ? '' : `"${timeName}":"${time}",`}"json":`);
    appendJsonString(record.bytes, record.start, record.end, out);
    out.text(end);
  };
}

function timeHeader({ records: [record] }: Batch): Readonly<Record<string, string>> {
  const time = record === undefined ? undefined : eventTime(record);
  return time === undefined ? {} : { 'x-sekoiaio-event-timestamp': time };
}
