import type { Command } from './command.ts';

/** The table of contents: every command, without loading any. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'Show a whole intercept on this machine: a control plane, an Envoy, a service and its preview.',
    load: async () => (await import('./demo.ts')).command,
  },
  {
    name: 'serve',
    summary: 'Run the control plane.',
    load: async () => (await import('./serve.ts')).command,
  },
  {
    name: 'render',
    summary: 'Print what the control plane would send to Envoys.',
    load: async () => (await import('./render.ts')).command,
  },
  {
    name: 'list',
    summary: 'List previews or the Services that may be intercepted, and how they stand.',
    load: async () => (await import('./list.ts')).command,
  },
  {
    name: 'describe',
    summary: 'Tell all about a preview: how it stands, where, since when, and what is wrong with it.',
    load: async () => (await import('./describe.ts')).command,
  },
  {
    name: 'status',
    summary: 'Show the Envoys that are connected, and what they have acknowledged or refuse.',
    load: async () => (await import('./status.ts')).command,
  },
  {
    name: 'config-dump',
    summary: 'Show what an Envoy has been given, resource by resource, and how it answered.',
    load: async () => (await import('./config-dump.ts')).command,
  },
  {
    name: 'wait',
    summary: 'Wait until a preview is in force on all gateways, as in CI jobs.',
    load: async () => (await import('./wait.ts')).command,
  },
  {
    name: 'check',
    summary: 'Check manifests without a cluster: what is wrong, at which file and line.',
    load: async () => (await import('./check.ts')).command,
  },
  {
    name: 'diff',
    summary: 'Tell what would change between two folders of manifests, or from what is served now.',
    load: async () => (await import('./diff.ts')).command,
  },
  {
    name: 'explain',
    summary: 'Say where a request goes, and why: which preview or baseline, by which key or rule.',
    load: async () => (await import('./explain.ts')).command,
  },
  {
    name: 'gateway',
    summary: 'Run an Envoy that takes its configuration from the control plane.',
    load: async () => (await import('./gateway.ts')).command,
  },
  {
    name: 'bootstrap',
    summary: 'Print the configuration with which an Envoy of your own does so.',
    load: async () => (await import('./bootstrap.ts')).command,
  },
  {
    name: 'completion',
    summary: 'Print what makes a shell complete the commands and flags of shunt.',
    load: async () => (await import('./completion.ts')).command,
  },
];

export interface CommandEntry {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  load(): Promise<Command>;
}
