import { describe, expect, test } from 'vitest';
import { createLogger } from '../../../src/log.ts';
import type { LogLevel } from '../../../src/settings/index.ts';

function logged(level: LogLevel): unknown[] {
  const lines: string[] = [];
  const log = createLogger(level, { write: (line) => lines.push(line) });
  log.debug('a detail');
  log.info({ key: 'pr-123' }, 'an event');
  log.error('a failure');
  return lines.map((line) => JSON.parse(line));
}

describe('the log', () => {
  test('has one JSON object a line, with the level in words and the time', () => {
    expect(logged('info')).toEqual([
      { level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), key: 'pr-123', msg: 'an event' },
      { level: 'error', time: expect.any(String), msg: 'a failure' },
    ]);
  });

  test.each<[LogLevel, number]>([
    ['debug', 3],
    ['error', 1],
    ['silent', 0],
  ])('at the level %s has %i of a detail, an event and a failure', (level, count) => {
    expect(logged(level)).toHaveLength(count);
  });
});
