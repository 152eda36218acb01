import type { Writable } from 'node:stream';
import type { OwnFlag, SettingField, Settings } from '../settings/index.ts';

/** What `shunt <command>` takes and does; its name and summary stand in `commands.ts`, so that help loads no command. */
export interface Command {
  /** The settings that it takes as flags. From the environment and the file it receives them all. */
  readonly settings: readonly SettingField[];
  /** Flags that are no settings. */
  readonly flags?: readonly OwnFlag[];
  /** What it takes besides flags, in order. Absent: nothing. */
  readonly positionals?: readonly Positional[];
  /** For help: command lines that work as they stand, and what they do. */
  readonly examples: readonly Example[];
  /** For help: what else its user has to know, wrapped at 100 columns or less. */
  readonly notes?: string;
  /**
   * Runs until done, or until `context.signal` fires. Everything that it started has ended when the promise settles.
   * @returns the exit status.
   * @throws an Error whose message is a sentence for the person at the terminal: exit status 1. A `SettingsError` is
   *   exit status 2. A TypeError, RangeError or the like is taken for a mistake of ours and shown with its stack.
   */
  run(context: Context): Promise<number>;
}

export interface Positional {
  /** As help shows it: `FOLDER`. */
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  /** Whether it may be given several times; only the last may. */
  readonly repeated?: boolean;
  /** Where nothing else may be written. */
  readonly choices?: readonly string[];
}

export interface Example {
  readonly line: string;
  readonly says: string;
}

export interface Context {
  readonly settings: Settings;
  /** As many as the command's `positionals`, or fewer where the last ones are not required; more if the last is repeated. */
  readonly positionals: readonly string[];
  /** The values of the command's `flags`, by name. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** For results. */
  readonly stdout: Writable;
  /** For everything else: logs, progress, what went wrong. */
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires at the first SIGINT or SIGTERM. A second one ends the process at once. */
  readonly signal: AbortSignal;
}
