import { afterAll, beforeAll, describe, test } from 'vitest';
import { ApiServer } from './apiserver.ts';

const HOW_TO_GET_IT =
  'KUBEBUILDER_ASSETS has to name a folder with etcd and kube-apiserver: ' +
  'export KUBEBUILDER_ASSETS=$(go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use -p path)';

/**
 * The folder of an API server's binaries; undefined on a person's machine that has none, having said how to get one.
 *
 * @throws in CI, where a test that is skipped in silence is worse than one that fails.
 */
export function apiServerAssets(): string | undefined {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets) return assets;
  if (process.env.CI) throw new Error(HOW_TO_GET_IT);
  console.warn(HOW_TO_GET_IT);
  return undefined;
}

/** A suite with an API server of its own. Where there is none to run, it is skipped; on CI (`CI=true`) it fails. */
export function describeWithApiServer(name: string, tests: (server: ApiServer) => void): void {
  const assets = apiServerAssets();
  if (assets === undefined) {
    test.skip(name);
    return;
  }
  describe(name, () => {
    const server = new ApiServer(assets);
    beforeAll(() => server.start());
    afterAll(() => server.stop());
    tests(server);
  });
}
