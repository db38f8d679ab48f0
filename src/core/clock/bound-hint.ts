/** What to write for a time that somebody spelled in another way. */

/** Spellings, and what to write instead: `flag` is where it stands. */
const spellings: readonly (readonly [RegExp, (found: RegExpExecArray, flag: string) => string])[] = [
  [/^\d{4}-\d\d-\d\d$/, ([day]) => `write ${day}T00:00:00Z, or with your offset: ${day}T00:00:00+01:00`],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/, ([text]) => `add the offset: ${text}Z for UTC, or ${text}+01:00`],
  [
    /^(\d{4}-\d\d-\d\d) +(\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?$/i,
    ([, day, time, zone]) =>
      zone === undefined ? `write ${day}T${time}Z for UTC, or ${day}T${time}+01:00` : `write ${day}T${time}${zone}`,
  ],
  [/^-(\d+[wdhms]\w*)$/, ([, duration], flag) => `a duration counts back by itself: ${flag} ${duration}`],
  [
    /^now$/i,
    (_, flag) => (flag === '--until' ? 'leave it out: the window ends now' : 'write how far back, such as 1h'),
  ],
  [/^(?:today|yesterday)$/i, () => 'write 1d, or the moment when the day began, as 2026-11-20T00:00:00Z'],
  [
    /^(\d{1,6}) ?(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)(?: ago)?$/,
    ([, count, unit]) => `write ${count}${unit?.[0]}`,
  ],
  [/^(\d{1,4})M$/, ([, count]) => `write ${Number(count) * 30}d for months, ${count}m for minutes`],
  [/^(\d{1,4}) ?months?(?: ago)?$/, ([, count]) => `write ${Number(count) * 30}d`],
  [/^(\d{1,6})$/, ([count]) => `write the unit, too: ${count}s, ${count}m, ${count}h or ${count}d`],
];

/** Undefined for what is like none of them. */
export function boundHint(text: string, flag: string): string | undefined {
  const day = /^\d{4}-\d\d-\d\d/.exec(text)?.[0];
  if (day !== undefined && !isDay(day)) return `write a day that the calendar has: there is no ${day}`;
  for (const [spelling, say] of spellings) {
    const found = spelling.exec(text);
    if (found !== null) return say(found, flag);
  }
  return undefined;
}

/** Date takes a day up to the 31st for one of the next month, and refuses what is beyond. */
function isDay(day: string): boolean {
  const moment = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day);
}
