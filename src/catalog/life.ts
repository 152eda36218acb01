import { ANNOTATIONS } from './names.ts';

/** How long a preview lives: until the earlier of the two that it says. */
export interface Life {
  /** Milliseconds from when the object was created. */
  readonly ttl?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
}

export type TimeReading = { readonly milliseconds: number } | { readonly wrong: string; readonly advice: string };

const SECOND = 1000;
const [MINUTE, HOUR, DAY] = [60 * SECOND, 3600 * SECOND, 86_400 * SECOND];

/** Keeps every end a date that can be written. */
const LONGEST_DAYS = 36_500;

/** Reads `shunt.dev/ttl`: days, hours, minutes and seconds, in this order, such as `72h`, `7d` or `1h30m`. */
export function readTtl(text: string): TimeReading {
  const quoted = quote(ANNOTATIONS.ttl, text);
  const advice = 'Write days, hours, minutes or seconds, such as 7d, 72h, 1h30m or 90s.';
  const parts = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text.trim());
  if (parts === null) return { wrong: `${quoted}, which is no duration.`, advice };
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0)) as number[];
  const milliseconds = days! * DAY + hours! * HOUR + minutes! * MINUTE + seconds! * SECOND;
  if (milliseconds === 0) return { wrong: `${quoted}, so that it would never be in force.`, advice };
  if (milliseconds > LONGEST_DAYS * DAY) return { wrong: `${quoted}, longer than ${LONGEST_DAYS}d.`, advice };
  return { milliseconds };
}

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Reads `shunt.dev/expires-at`, a date and time of RFC 3339, section 5.6, without leap seconds. */
export function readExpiresAt(text: string): TimeReading {
  const written = text.trim().toUpperCase();
  const parts = DATE_TIME.exec(written);
  if (parts !== null) {
    const [year, month, day] = parts.slice(1, 4).map(Number) as [number, number, number];
    const milliseconds = Date.parse(written);
    if (isDate(year, month, day) && !Number.isNaN(milliseconds)) return { milliseconds };
  }
  return {
    wrong: `${quote(ANNOTATIONS.expiresAt, text)}, which is no date and time of RFC 3339.`,
    advice: 'Write a date, T, a time and Z or an offset, such as 2030-01-31T18:00:00Z or 2030-01-31T18:00:00+02:00.',
  };
}

/** `Date.parse` takes 30 February for 2 March. */
function isDate(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function quote(annotation: string, text: string): string {
  return `the annotation ${annotation} is ${JSON.stringify(text.slice(0, 80))}`;
}

/** @param bornAt when the object was created or, if it does not tell, first seen; milliseconds since the epoch. */
export function expiryOf({ ttl, expiresAt }: Life, bornAt: number): number | undefined {
  const ends = [ttl === undefined ? undefined : bornAt + ttl, expiresAt].filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}
