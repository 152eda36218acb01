import type { Announcing } from '../control-plane.ts';
import type { Logger } from '../log.ts';
import { chooseSource, type Settings } from '../settings/index.ts';
import { withLastGood } from '../sources/last-good/index.ts';
import { withNames } from '../sources/names/index.ts';
import type { Source } from '../sources/source.ts';

/**
 * The source that the settings name, with names resolved to addresses. Each is loaded only when used: the Kubernetes
 * client is large.
 *
 * @param lastGood a file that keeps what was read of a cluster, and stands in for one that cannot be reached at the start.
 * @throws {SettingsError} if the settings name none or two.
 */
export async function openSource(settings: Settings, log: Logger, lastGood?: string): Promise<Source> {
  const choice = chooseSource(settings);
  switch (choice.kind) {
    case 'directory': {
      const { directorySource } = await import('../sources/directory/index.ts');
      return withNames(directorySource(choice.path), { servicesWithoutSlices: true });
    }
    case 'kubernetes': {
      const { describeScope, kubernetesSource } = await import('../sources/kubernetes/index.ts');
      const source = withNames(kubernetesSource({ ...choice, log }), { servicesWithoutSlices: false });
      if (lastGood === undefined) return source;
      return withLastGood(source, { path: lastGood, scope: await describeScope(choice) });
    }
    default:
      return choice satisfies never;
  }
}

/** Where the settings want it told in the cluster how previews stand; undefined if they do not. */
export async function openAnnouncing(settings: Settings): Promise<Announcing | undefined> {
  const choice = chooseSource(settings);
  const wanted = settings.announce ?? process.env.KUBERNETES_SERVICE_HOST !== undefined;
  if (choice.kind !== 'kubernetes' || !wanted) return undefined;
  const { objectApi, ownNamespace } = await import('../sources/kubernetes/index.ts');
  const namespace = settings.announceNamespace ?? (await ownNamespace(choice));
  return { api: objectApi(choice), namespace, name: settings.announceName };
}
