import type { KubeConfig } from '@kubernetes/client-node';

/** What the client makes up when it finds no kubeconfig and no service account. */
const FALLBACK = { context: 'loaded-context', server: 'http://localhost:8080' };

/**
 * Loads the kubeconfig at `path`, or what `kubectl` would use: KUBECONFIG, `~/.kube/config`, then the service account of
 * the Pod. The Kubernetes client is loaded with it, and not before: it is too heavy for those who do not need it.
 *
 * @throws Error with a sentence for the operator.
 */
export async function loadKubeConfig(path: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const from = path ?? (process.env.KUBECONFIG || 'the default kubeconfig');
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    throw new Error(`Cannot read the kubeconfig ${from}: ${(error as Error).message}`, { cause: error });
  }
  const cluster = config.getCurrentCluster();
  if (cluster?.server === FALLBACK.server && config.getCurrentContext() === FALLBACK.context) {
    throw new Error(
      'There is no Kubernetes to watch: no kubeconfig is given, KUBECONFIG is not set, ~/.kube/config does not exist, ' +
        'and this is no Pod with a service account. Name a kubeconfig, or watch a folder of manifests instead.',
    );
  }
  if (!cluster?.server || config.getCurrentUser() === null) {
    throw new Error(
      `The kubeconfig ${from} names no cluster and user to use: its current-context is ` +
        `${JSON.stringify(config.getCurrentContext() ?? '')}. Set it with \`kubectl config use-context\`.`,
    );
  }
  if (!cluster.server.startsWith('https:') && !cluster.skipTLSVerify) {
    throw new Error(
      `The kubeconfig ${from} has the server ${JSON.stringify(cluster.server)}. Write an https:// address, or add ` +
        '`insecure-skip-tls-verify: true` if nobody can listen in between.',
    );
  }
  return config;
}
