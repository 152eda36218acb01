import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutRequestLog } from '../support/access-log.ts';
import { ChaosFolder, runChaos } from '../support/chaos-fleet.ts';
import { STEADY_NAMES } from '../support/chaos-questions.ts';
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

describe.skipIf(envoy === undefined)(
  'two Envoys under constant load, one over delta and one over state of the world',
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
          const inEnvoy = withoutRequestLog(await inForce(each));
          expect(inEnvoy).toEqual(await rendered(folder.manifests.path, shunt.gatewayPort(node)));
        }
        expect(shunt.events.all.filter(({ type }) => type === 'refused' || type === 'disconnected')).toEqual([]);
      });
      console.log(
        [...made]
          .sort()
          .map(([what, count]) => `${count} × ${what}`)
          .join('\n'),
      );
      for (const { kinds, sent } of Object.values(reports)) {
        const steady = kinds.filter(({ name }) => STEADY_NAMES.includes(name));
        expect(steady.flatMap(({ failures }) => failures)).toEqual([]);
        for (const { failed } of kinds) expect(failed).toMatchObject({ status: 0, connection: 0, timeout: 0 });
        // A connection to a preview's endpoint that is being made when the endpoint becomes another preview's is given up,
        // and its request, which nobody has seen, is sent again to the baseline. It is answered, by 200, a change late.
        const late = kinds.filter(({ name }) => !STEADY_NAMES.includes(name)).flatMap(({ failures }) => failures);
        console.log(`${late.length} of ${sent} requests fell back to the baseline a change late.`, ...late);
        expect(late.length).toBeLessThanOrEqual(sent / 1_000);
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
