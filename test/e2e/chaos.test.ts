import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutRequestLog } from '../support/access-log.ts';
import { ChaosFolder, runChaos } from '../support/chaos-fleet.ts';
import { chaosChanges, chaosSeed, SeededRandom } from '../support/chaos-random.ts';
import { FIRST_WORLD } from '../support/chaos-world.ts';
import { inForce, rendered } from '../support/config-dump.ts';
import { envoyOrSkip } from '../support/envoy.ts';

const envoy = await envoyOrSkip();

let folder: ChaosFolder;
beforeAll(async () => {
  if (envoy !== undefined) folder = await ChaosFolder.create();
});
afterAll(() => folder?.delete());

/** In milliseconds; it takes 10 s on a machine that has nothing else to do. */
const TIMEOUT = 600_000;

describe.skipIf(envoy === undefined)(
  'two Envoys under constant load, one over delta and one over state of the world',
  { timeout: TIMEOUT },
  () => {
    test('a thousand random changes cost not one request, and leave both with what shunt render says', async () => {
      const random = new SeededRandom(chaosSeed());
      const changes = chaosChanges(1_000);
      console.log(`${changes} changes; CHAOS_SEED=${random.seed} repeats them.`);
      const made = new Map<string, number>();
      const onChange = (what: string) => made.set(what, (made.get(what) ?? 0) + 1);
      const reports = await runChaos(folder, { random, changes, onChange }, async ({ shunt, envoys }) => {
        for (const [node, each] of Object.entries(envoys)) {
          expect(await each.rejected()).toEqual({});
          const wanted = await rendered(folder.manifests.path, shunt.gatewayPort(node));
          // What people may choose from in a browser follows a while later.
          const inEnvoy = async () => withoutRequestLog(await inForce(each));
          await expect.poll(inEnvoy, { timeout: 20_000 }).toEqual(wanted);
        }
        expect(shunt.events.all.filter(({ type }) => type === 'refused' || type === 'disconnected')).toEqual([]);
      });
      console.log(
        [...made]
          .sort()
          .map(([what, count]) => `${count} × ${what}`)
          .join('\n'),
      );
      for (const { kinds, failed } of Object.values(reports)) {
        expect(kinds.flatMap(({ failures }) => failures)).toEqual([]);
        expect(failed).toBe(0);
      }
      const rate = Object.values(reports).reduce((sum, { sent, seconds }) => sum + sent / seconds, 0);
      expect(rate).toBeGreaterThanOrEqual(500);
    });

    test('without retries the same changes cost requests with a key, and the load counts them', async () => {
      await folder.become(FIRST_WORLD);
      // A seed whose changes make previews that refuse connections.
      const random = new SeededRandom(1);
      const reports = await runChaos(folder, { random, changes: 150, retries: false }, async () => {});
      for (const { kinds } of Object.values(reports)) {
        expect(kinds.reduce((sum, { failed }) => sum + failed.status, 0)).toBeGreaterThan(0);
      }
    });
  },
);
