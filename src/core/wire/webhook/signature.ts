/**
 * How a webhook's receiver knows a message and its sender: the Standard Webhooks convention.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { Buffer } from 'node:buffer';
import { createHash, createHmac } from 'node:crypto';
import { exit, Problem } from '../../problem.ts';
import type { EncodedRecord } from '../../types.ts';

/**
 * The same for every attempt at the same records with the same content, so that a receiver can drop a repeat. It covers
 * the keys as well as the body, and the space within which they are those of one record (`SinkTools.idSpace`): records may be
 * equal in every byte, without an ID of their own, or in two branches.
 */
export function messageId(idSpace: string, records: readonly EncodedRecord[], body: Buffer): string {
  const hash = createHash('sha256').update(`${idSpace}\n`);
  for (const { key, keyStart, keyEnd } of records) hash.update(key.subarray(keyStart, keyEnd)).update('\n');
  return `msg_${hash.update(body).digest('hex').slice(0, 40)}`;
}

/**
 * The signing keys of a setting: one, or two separated by a blank while they are exchanged; `whsec_` and base64, or plain
 * text. Throws Problem 78.
 */
export function signingKeys(setting: string): Buffer[] {
  const texts = setting.split(/\s+/).filter((text) => text !== '');
  return texts.map((text) => {
    if (!text.startsWith('whsec_')) return Buffer.from(text);
    const key = Buffer.from(text.slice('whsec_'.length), 'base64');
    if (key.length > 0 && key.toString('base64').replace(/=+$/, '') === text.slice(6).replace(/=+$/, '')) return key;
    throw new Problem(exit.config, 'WEBHOOK_SECRET begins with whsec_, but what follows is not base64', {
      hint: 'copy it again from the settings of the receiver',
    });
  });
}

/** The value of `webhook-signature`: one signature a key. `timestamp` is in seconds since 1970. */
export function signature(keys: readonly Buffer[], id: string, timestamp: number, body: Buffer): string {
  const sign = (key: Buffer): string =>
    createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return keys.map((key) => `v1,${sign(key)}`).join(' ');
}
