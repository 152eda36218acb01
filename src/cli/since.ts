/** A span of time as kubectl writes it: `45s`, `3m`, `2h`, `5d`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 120 * 60) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** How long ago that was; of a time that is to come, how long until then, with "in". */
export function ago(time: string | undefined, now: number): string | undefined {
  if (time === undefined) return undefined;
  const age = now - Date.parse(time);
  return age < 0 ? `in ${span(-age)}` : span(age);
}
