import { afterAll, beforeAll, expect, it } from 'vitest';
import { decode, typeUrls } from '../../src/protos/index.ts';
import { DeafClient } from '../support/deaf-client.ts';
import { baselineManifest, ManifestFolder, sliceManifests } from '../support/manifests.ts';
import { runShuntServe, type ShuntProcess } from '../support/shunt.ts';

/** Streams that come at once, each on a connection of its own, as those of a fleet do when its control plane is back. */
const STREAMS = 5_000;

let folder: ManifestFolder;
let shunt: ShuntProcess;

const service = (name: string) => [baselineManifest(`shop/${name}`), ...sliceManifests(`shop/${name}`, [8080])];

beforeAll(async () => {
  folder = await ManifestFolder.create();
  await folder.write('first', service('first'));
  shunt = await runShuntServe(folder);
});
afterAll(async () => {
  await shunt?.stop();
  await folder?.delete();
});

/** A client of its own that asks for clusters, takes what it is sent, and says so. */
class Gateway {
  readonly #client: DeafClient;
  readonly #stream;
  readonly #messages;

  private constructor(client: DeafClient, node: string) {
    this.#client = client;
    this.#stream = client.open();
    this.#messages = this.#stream.messages();
    this.#stream.ask({ node: { id: node }, type_url: typeUrls.cluster });
  }

  static async connect(node: string): Promise<Gateway> {
    return new Gateway(await DeafClient.connect(shunt.xdsPort), node);
  }

  /** The clusters that come next. */
  async takes(): Promise<readonly string[]> {
    const { value } = await this.#messages.next();
    const { nonce, resources } = decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', value);
    this.#stream.ask({ type_url: typeUrls.cluster, response_nonce: nonce ?? '' });
    return resources.map(({ name }) => name ?? '');
  }

  close(): void {
    this.#client.close();
  }
}

/** Asks for the health again and again, each time when the last has answered. */
function watchHealth() {
  const answers: { status: number; milliseconds: number }[] = [];
  let over = false;
  const done = (async () => {
    while (!over) {
      const asked = performance.now();
      const { status } = await fetch(`http://127.0.0.1:${shunt.adminPort}/healthz`);
      answers.push({ status, milliseconds: performance.now() - asked });
    }
  })();
  return {
    end: async () => {
      over = true;
      await done;
      return answers;
    },
  };
}

it(`${STREAMS} streams that come at once are all served and told of a change, while health is answered and others go on`, async () => {
  const before = await Gateway.connect('before');
  expect(await before.takes()).toEqual(['shop/first/80']);

  const health = watchHealth();
  const begun = performance.now();
  const served: number[] = [];
  const storm = Array.from({ length: STREAMS }, async (_, index) => {
    const gateway = await Gateway.connect(`gateway-${index}`);
    const clusters = await gateway.takes();
    served.push(performance.now() - begun);
    return { gateway, clusters };
  });
  const change = folder.write('second', service('second'));
  expect(await before.takes()).toEqual(['shop/second/80']);
  const [servedBefore, toldAfter] = [served.length, performance.now() - begun];
  await change;

  const gateways = await Promise.all(storm);
  const answers = await health.end();
  for (const { gateway, clusters } of gateways) {
    const all = new Set(clusters);
    // Those that came before the change are told of it afterwards.
    while (all.size < 2) for (const name of await gateway.takes()) all.add(name);
    expect([...all].sort()).toEqual(['shop/first/80', 'shop/second/80']);
  }
  expect(answers.length).toBeGreaterThan(0);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = shunt.log.all.filter(({ level }) => level === 'warn' || level === 'error').map(({ msg }) => msg);
  expect(refused.filter((line) => !line.includes('come, go or refuse so often'))).toEqual([]);

  const slowest = Math.max(...answers.map(({ milliseconds }) => milliseconds));
  console.log(
    `${STREAMS} streams: half served after ${Math.round(served[STREAMS / 2]!)} ms, all after ${Math.round(served.at(-1)!)} ms; ` +
      `meanwhile /healthz answered ${answers.length} times, the slowest in ${Math.round(slowest)} ms, ` +
      `and a change reached another client after ${Math.round(toldAfter)} ms, when ${servedBefore} were served`,
  );
  for (const { gateway } of gateways) gateway.close();
  before.close();
});
