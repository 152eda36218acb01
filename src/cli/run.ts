import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { nearest } from '../nearest.ts';
import { loadSettings, readFlags, SettingsError } from '../settings/index.ts';
import type { Command } from './command.ts';
import { type CommandEntry, commands } from './commands.ts';
import { commandHelp, overallHelp } from './help.ts';
import { Interruption, watchSignals } from './signals.ts';

// gRPC would print lines of its own between ours, for errors that we say in a sentence. It reads this when it is loaded.
process.env.GRPC_VERBOSITY ??= 'NONE';

/** Where a run reads and writes; the process's own unless a test says otherwise. */
export interface Terminal {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs one command line, without the `node` and the script's name.
 * @returns the exit status: 0 done, 1 something went wrong, 2 the command line or a setting is wrong; others as a command
 *   says.
 */
export async function run(
  args: readonly string[],
  terminal: Terminal = process,
  entries: readonly CommandEntry[] = commands,
): Promise<number> {
  const { stdout, stderr, env } = terminal;
  const signals = watchSignals();
  // `shunt render | head` stops reading early, which is no mistake. We learn of it after the write, maybe when all is done:
  // so these stay.
  onBrokenPipe(stdout, signals.pipeBroken);
  onBrokenPipe(stderr, () => {});
  let verbose = false;
  try {
    const task = await understand(args, entries);
    if (task.kind === 'print') {
      stdout.write(task.text);
      return 0;
    }
    const { entry, command, rest } = task;
    const flags = readFlags(rest, `shunt ${entry.name}`, command.settings, command.flags);
    if (flags.help) {
      stdout.write(commandHelp(entry, command));
      return 0;
    }
    const problems = [...flags.problems];
    if (problems.length === 0) problems.push(...positionalProblems(entry, command, flags.positionals));
    const settings = loadSettings({ given: flags.given, problems }, env);
    verbose = settings.logLevel === 'debug' || settings.logLevel === 'trace';
    const { positionals, own } = flags;
    return await command.run({ settings, positionals, flags: own, stdout, stderr, env, signal: signals.signal });
  } catch (error) {
    if (error instanceof Interruption) return error.exitStatus;
    stderr.write(`${explain(error, verbose)}\n`);
    return error instanceof SettingsError ? 2 : 1;
  } finally {
    signals.forget();
  }
}

function onBrokenPipe(stream: Writable, broken: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    broken();
  });
}

type Task =
  | { readonly kind: 'print'; readonly text: string }
  | {
      readonly kind: 'command';
      readonly entry: CommandEntry;
      readonly command: Command;
      readonly rest: readonly string[];
    };

async function understand(args: readonly string[], entries: readonly CommandEntry[]): Promise<Task> {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h') return { kind: 'print', text: overallHelp(entries) };
  if (first === '--version') return { kind: 'print', text: `${version()}\n` };
  if (first === 'help') {
    const [name] = rest;
    if (name === undefined) return { kind: 'print', text: overallHelp(entries) };
    const entry = findEntry(name, entries);
    return { kind: 'print', text: commandHelp(entry, await entry.load()) };
  }
  const entry = findEntry(first, entries);
  return { kind: 'command', entry, command: await entry.load(), rest };
}

function findEntry(name: string, entries: readonly CommandEntry[]): CommandEntry {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  if (name.startsWith('-')) {
    throw new SettingsError([`flag ${name}: it comes after a command, as in shunt serve ${name}; see shunt --help.`]);
  }
  const names = entries.map((entry) => entry.name);
  const meant = nearest(name, names);
  throw new SettingsError([
    meant === undefined
      ? `command "${name}": there is no such command; write one of ${names.join(', ')}.`
      : `command "${name}": there is no such command; did you mean shunt ${meant}?`,
  ]);
}

function positionalProblems(entry: CommandEntry, command: Command, positionals: readonly string[]): readonly string[] {
  const wanted = command.positionals ?? [];
  const extra = wanted.at(-1)?.repeated ? undefined : positionals[wanted.length];
  const absent = wanted[positionals.length];
  if (extra !== undefined) {
    return [`argument "${extra}": shunt ${entry.name} takes no such argument; see shunt ${entry.name} --help.`];
  }
  if (absent?.required) return [`argument ${absent.name} is missing; see shunt ${entry.name} --help.`];
  return wanted.flatMap(({ name, choices }, at) => {
    const given = positionals[at];
    if (given === undefined || choices === undefined || choices.includes(given)) return [];
    return [`argument ${name}: "${given}" is none; write one of ${choices.join(', ')}.`];
  });
}

// Errors that the language throws at mistakes in a program; sentences for people are plain Errors.
const mistakes = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError];

function explain(error: unknown, verbose: boolean): string {
  if (error instanceof SettingsError) return error.sentences.map((sentence) => `shunt: ${sentence}`).join('\n');
  if (!(error instanceof Error)) return `shunt: a mistake in Shunt itself: ${String(error)}`;
  const mistake = mistakes.some((type) => error instanceof type) || error.name === 'AssertionError';
  if (mistake) return `shunt: a mistake in Shunt itself: ${error.stack}`;
  return `shunt: ${verbose ? error.stack : error.message}`;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}
