import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from './settings/index.ts';

export type { Logger };

/**
 * A logger that writes one JSON object a line to stderr: stdout belongs to a command's results, so that
 * `shunt render | …` and `shunt serve 2>log` both do what they look like.
 *
 * Writes are synchronous: the last lines before a crash are those that matter, and Shunt logs changes, not requests.
 * @param destination elsewhere than stderr, for tests.
 */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
