import type { Logger } from '../log.ts';
import { chooseSource, type Settings } from '../settings/index.ts';
import { withNames } from '../sources/names/index.ts';
import type { Source } from '../sources/source.ts';

/**
 * The source that the settings name, with names resolved to addresses. Each is loaded only when used: the Kubernetes
 * client is large.
 *
 * @throws {SettingsError} if the settings name none or two.
 */
export async function openSource(settings: Settings, log: Logger): Promise<Source> {
  const choice = chooseSource(settings);
  switch (choice.kind) {
    case 'directory': {
      const { directorySource } = await import('../sources/directory/index.ts');
      return withNames(directorySource(choice.path), { servicesWithoutSlices: true });
    }
    case 'kubernetes': {
      const { kubernetesSource } = await import('../sources/kubernetes/index.ts');
      const source = kubernetesSource({ namespaces: choice.namespaces, log });
      return withNames(source, { servicesWithoutSlices: false });
    }
    default:
      return choice satisfies never;
  }
}
