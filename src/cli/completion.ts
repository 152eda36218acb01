import { schema } from '../settings/index.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completion-scripts.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export const command: Command = {
  settings: [],
  positionals: [{ name: 'SHELL', summary: 'bash, zsh or fish.', required: true, choices: Object.keys(SHELLS) }],
  examples: [
    { line: 'source <(shunt completion bash)', says: 'For this bash; in ~/.bashrc for each. The same with zsh.' },
    { line: 'shunt completion fish > ~/.config/fish/completions/shunt.fish', says: 'For fish.' },
  ],
  async run({ positionals, stdout }) {
    const completed = await Promise.all(
      commands.map(async ({ name, summary, load }) => completedCommand(name, summary, await load())),
    );
    stdout.write(SHELLS[positionals[0] as keyof typeof SHELLS](completed));
    return 0;
  },
};

/** What a shell completes of a command. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  /** What its first argument may be, if that is one of a few words. */
  readonly words: readonly string[];
}

export interface CompletedFlag {
  readonly name: string;
  readonly short?: string | undefined;
  readonly description: string;
  /** Absent for one that stands alone. */
  readonly value?: { readonly placeholder: string; readonly choices: readonly string[]; readonly isPath: boolean };
}

/** What there is to complete of a command. */
export function completedCommand(name: string, summary: string, command: Command): CompletedCommand {
  const own = (command.flags ?? []).map(({ name, short, description, placeholder, choices = [] }) => ({
    ...{ name, short, description },
    value: { placeholder, choices, isPath: isPath(placeholder) },
  }));
  const settings = command.settings.map((field) => {
    const { name, kind, description, placeholder } = schema[field];
    const value = { placeholder, choices: [], isPath: isPath(placeholder) };
    return { name, description, ...(kind === 'switch' ? {} : { value }) };
  });
  const words = command.positionals?.[0]?.choices ?? [];
  return {
    name,
    summary,
    flags: [...own, ...settings, { name: 'help', short: 'h', description: 'Print help.' }],
    words,
  };
}

function isPath(placeholder: string): boolean {
  return placeholder === 'FILE' || placeholder === 'FOLDER';
}
