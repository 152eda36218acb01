import { SettingsError } from './errors.ts';
import type { HostPort, Settings } from './settings.ts';

/** Where the objects come from. */
export type SourceChoice =
  | { readonly kind: 'directory'; readonly path: string }
  /** No namespaces means all. */
  | {
      readonly kind: 'kubernetes';
      readonly namespaces: readonly string[];
      readonly kubeConfig: string | undefined;
      readonly context: string | undefined;
    };

/**
 * The one source that the settings name.
 * @throws {SettingsError} if they name none or both.
 */
export function chooseSource(settings: Settings): SourceChoice {
  const { directory, kubernetes, kubeConfig, context, namespace, lastGood, announce } = settings;
  if (directory !== undefined && kubernetes) {
    throw new SettingsError([
      'settings directory and kubernetes exclude each other: give --directory FOLDER for a folder of manifests, or --kubernetes for a cluster.',
    ]);
  }
  if (directory !== undefined) {
    if (namespace.length > 0) {
      throw new SettingsError([
        'setting namespace chooses among the namespaces of a cluster: leave it out with directory, whose manifests say their own.',
      ]);
    }
    if (kubeConfig !== undefined || context !== undefined) {
      throw new SettingsError([
        'settings kubeconfig and context say which cluster: leave them out with directory, or give --kubernetes instead of it.',
      ]);
    }
    if (lastGood !== undefined) {
      throw new SettingsError([
        'setting last-good keeps what was read of a cluster: leave it out with directory, which is there without a cluster.',
      ]);
    }
    if (announce === true) {
      throw new SettingsError(['setting announce writes into a cluster: leave it out with directory, which has none.']);
    }
    return { kind: 'directory', path: directory };
  }
  if (kubernetes) return { kind: 'kubernetes', namespaces: namespace, kubeConfig, context };
  throw new SettingsError([
    'there is nothing to watch: give --directory FOLDER for a folder of manifests, or --kubernetes for a cluster.',
  ]);
}

/** HOST:PORT as a URL or a user has it, an IPv6 address in brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
