/** What Splunk's HTTP Event Collector answers, as a command prints it. */
import { serverText } from '../../text/shown.ts';
import type { Judge } from '../printed-answers.ts';
import { isTakenCode } from './reply.ts';

/** `{"text":"Success","code":0}` */
export const printedHecAnswer: Judge = ({ text, code: told }) => {
  const code = typeof told === 'string' && /^\d+$/.test(told) ? Number(told) : told;
  if (typeof text !== 'string' || typeof code !== 'number') return undefined;
  if (isTakenCode(code)) return { taken: undefined };
  return { complaint: `${serverText(text)} (code ${code})`, passes: false };
};
