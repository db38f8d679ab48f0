/** What the clocks of a zone show, by Intl alone. */
export const hour = 3_600_000;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** 2026-11-01 01:30:00, as the zone's clock shows it. */
export function shown(zone: string, time: number): string {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(zone, clock);
  }
  return clock.format(time);
}

/** All moments, in milliseconds, at which the clock shows the text, or the beginning of what it leaves out; for one that it never shows, what it may mean. */
export function meanings(zone: string, text: string): number[] {
  const full = text + ' 00:00:00'.slice(text.length - 10);
  const asUtc = Date.parse(`${full.replace(' ', 'T')}Z`);
  const offsets = [-36, 36].map((hours) => offsetAt(zone, asUtc + hours * hour));
  const times = [...new Set(offsets)].map((offset) => asUtc - offset);
  const real = times.filter((time) => shown(zone, time) === full);
  return real.length > 0 ? real : times;
}

export function offsetAt(zone: string, time: number): number {
  return Date.parse(`${shown(zone, time).replace(' ', 'T')}Z`) - time;
}
