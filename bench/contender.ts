import type { Upstreams } from './upstreams.ts';

/** Something that brings a preview about by a file that is renamed into place. */
export interface Contender {
  readonly title: string;
  /** Where its Envoy accepts requests, on the loopback address. */
  readonly port: number;
  /** Prepares a round: nothing is in place yet. */
  round(number: number): Round;
}

/** One preview, with a key that was never used before. */
export interface Round {
  readonly host: string;
  readonly key: string;
  /** Renames the file into place: nothing else, since this is timed. */
  publish(): void;
  /** Takes the preview away again. */
  withdraw(): void;
}

/** What a contender is started with. */
export interface Surroundings {
  /** An Envoy. */
  readonly binary: string;
  readonly upstreams: Upstreams;
  /** A folder of its own, which somebody else removes. */
  readonly folder: string;
  /** Told how to end what was started, at once, so that it is ended even if the next thing cannot be started. */
  readonly onStart: (stop: () => Promise<void>) => void;
  /** Told if something that was started ends by itself. */
  readonly onFailure: (error: Error) => void;
}

/** Flags that every Envoy here is started with: one thread for requests is as much as one connection can use. */
export function envoyFlags(bootstrap: object): readonly string[] {
  return [
    ...['--config-yaml', JSON.stringify(bootstrap)],
    '--disable-hot-restart',
    ...['--concurrency', '1'],
    ...['--log-level', 'error'],
  ];
}
