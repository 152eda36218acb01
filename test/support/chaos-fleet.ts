import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readAccessLog } from './access-log.ts';
import { answersBetween, answersIn, kindsOf, QUESTION_NAMES } from './chaos-questions.ts';
import type { SeededRandom } from './chaos-random.ts';
import { type ChaosShunt, startChaosShunt } from './chaos-shunt.ts';
import {
  type Change,
  DEAD,
  FIRST_WORLD,
  manifestsOf,
  type PortOf,
  randomChange,
  TITLES,
  type World,
} from './chaos-world.ts';
import { type Echo, startEcho } from './echo.ts';
import { startTestEnvoy, type TestEnvoy } from './envoy.ts';
import { type Happening, happeningsIn, tellFailures } from './failure-story.ts';
import { Gateway } from './gateway.ts';
import { formatReport, type Load, type LoadReport, startLoad } from './load/index.ts';
import { type Manifest, ManifestFolder } from './manifests.ts';
import { freePort } from './ports.ts';

/** The folder of a world, and the upstreams that its endpoints are. */
export class ChaosFolder {
  readonly manifests: ManifestFolder;
  readonly #echoes: ReadonlyMap<string, Echo>;
  readonly #deadPort: number;
  #world: World = {};

  private constructor(manifests: ManifestFolder, echoes: ReadonlyMap<string, Echo>, deadPort: number) {
    this.manifests = manifests;
    this.#echoes = echoes;
    this.#deadPort = deadPort;
  }

  static async create(): Promise<ChaosFolder> {
    const echoes = new Map<string, Echo>();
    for (const title of TITLES) echoes.set(title, await startEcho(title));
    const folder = new ChaosFolder(await ManifestFolder.create(), echoes, await freePort());
    await folder.become(FIRST_WORLD);
    return folder;
  }

  get world(): World {
    return this.#world;
  }

  /**
   * Writes and removes the files that differ.
   * @returns the keys of the objects that differ.
   */
  async become(world: World): Promise<readonly string[]> {
    const files = [...new Set([...Object.keys(this.#world), ...Object.keys(world)])];
    const objects: string[] = [];
    for (const file of files) {
      const [before, after] = [this.#world[file], world[file]];
      if (isDeepStrictEqual(before, after)) continue;
      objects.push(...differing(manifestsOf(before, this.#portOf), manifestsOf(after, this.#portOf)));
      if (after === undefined) await this.manifests.remove(file);
      else await this.manifests.write(file, manifestsOf(after, this.#portOf));
    }
    this.#world = world;
    return objects;
  }

  async delete(): Promise<void> {
    await this.manifests.delete();
    for (const echo of this.#echoes.values()) await echo.close();
  }

  readonly #portOf: PortOf = (title, protocol) => {
    if (title === DEAD) return this.#deadPort;
    const echo = this.#echoes.get(title)!;
    return protocol === 'HTTP/2' ? echo.http2Port : echo.http1Port;
  };
}

/** Keys, as sources have them, of the objects that are not the same in both. */
function differing(before: readonly Manifest[], after: readonly Manifest[]): readonly string[] {
  const byKey = (objects: readonly Manifest[]) => new Map(objects.map((object) => [keyOf(object), object]));
  const [old, fresh] = [byKey(before), byKey(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].filter(
    (key) => !isDeepStrictEqual(old.get(key), fresh.get(key)),
  );
}

function keyOf({ kind, metadata }: Manifest): string {
  const { namespace, name } = metadata as { namespace: string; name: string };
  return `${kind} ${namespace}/${name}`;
}

/** Up to three random changes of a world, which touch no file twice, so that any order of them makes the same. */
export function randomBurst(
  world: World,
  random: SeededRandom,
  most: number,
): { world: World; changes: readonly Change[] } {
  const wanted = Math.min(most, 1 + random.below(3));
  const touched = new Set<string>();
  const changes: Change[] = [];
  let after = world;
  while (changes.length < wanted) {
    const change = randomChange(after, random, touched);
    if (change === undefined) continue;
    for (const file of Object.keys(change.files)) touched.add(file);
    after = { ...after, ...change.files };
    changes.push(change);
  }
  return { world: after, changes };
}

/** An Envoy of the fleet, under a load of its own. */
interface Member {
  readonly envoy: TestEnvoy;
  readonly gateway: Gateway;
  readonly load: Load;
}

export interface ChaosOptions {
  readonly random: SeededRandom;
  readonly changes: number;
  /** Default: true. */
  readonly retries?: boolean;
  /** Told of each burst before it is made, for a failure's story. */
  readonly onChange?: (what: string) => void;
}

export interface ChaosRun {
  readonly shunt: ChaosShunt;
  readonly envoys: Readonly<Record<string, TestEnvoy>>;
}

/** Of each Envoy, by node id. */
export type Reports = Readonly<Record<string, LoadReport>>;

const PROTOCOLS = ['delta', 'sotw'] as const;

/** Requests a second, at each Envoy. */
const PER_SECOND = 300;

/**
 * Makes random changes while two Envoys, one of each variant of the protocol, are under constant load. Each answer is held
 * against the changes: once a change is in force, only those who are left may answer.
 *
 * @param atTheEnd looks at everything before it is ended.
 */
export async function runChaos(
  folder: ChaosFolder,
  { random, changes, retries = true, onChange }: ChaosOptions,
  atTheEnd: (run: ChaosRun) => Promise<void>,
): Promise<Reports> {
  const logs = await mkdtemp(join(tmpdir(), 'shunt-requests-'));
  const requestLog = (node: string) => join(logs, node);
  const diary: Happening[] = [];
  const shunt = await startChaosShunt(folder.manifests, PROTOCOLS, { retries, requestLog });
  const members = new Map<string, Member>();
  const reports: Record<string, LoadReport> = {};
  try {
    for (const node of PROTOCOLS) members.set(node, await enlist(shunt, node, folder.world));
    const all = [...members.values()];
    for (let made = 0; made < changes; ) {
      const burst = randomBurst(folder.world, random, changes - made);
      made += burst.changes.length;
      for (const { what } of burst.changes) onChange?.(what);
      const what = burst.changes.map((change) => change.what).join(', ');
      diary.push({ at: Date.now(), what: `begins: ${what}` });
      await makeBurst(shunt, all, folder, burst.world);
      diary.push({ at: Date.now(), what: `in force: ${what}` });
    }
    for (const { load } of all) await load.settle(PER_SECOND / 2);
    await atTheEnd({ shunt, envoys: Object.fromEntries([...members].map(([node, { envoy }]) => [node, envoy])) });
  } finally {
    for (const [node, { load, gateway }] of members) {
      reports[node] = await load.stop();
      console.log(`${node}:\n${formatReport(reports[node])}`);
      gateway.close();
    }
    for (const [node, { envoy }] of members) {
      await envoy.stop();
      const report = reports[node];
      // Without retries failures are what is to be seen.
      if (report === undefined || !retries) continue;
      const happenings = [...diary, ...happeningsIn(envoy.log)];
      const stories = tellFailures(report, happenings, await readAccessLog(requestLog(node)));
      if (stories.length > 0) console.log(`${node}:\n${stories.join('\n')}`);
    }
    await shunt.stop();
    await rm(logs, { recursive: true });
  }
  return reports;
}

async function enlist(shunt: ChaosShunt, node: (typeof PROTOCOLS)[number], world: World): Promise<Member> {
  const envoy = await startTestEnvoy({ xdsPort: shunt.xdsPort, protocol: node, nodeId: node });
  const port = shunt.gatewayPort(node);
  const kinds = kindsOf(QUESTION_NAMES, (name) => answersIn(world, name));
  const load = await startLoad({ port, kinds, perSecond: PER_SECOND });
  return { envoy, gateway: new Gateway(envoy, port), load };
}

async function makeBurst(
  shunt: ChaosShunt,
  members: readonly Member[],
  folder: ChaosFolder,
  after: World,
): Promise<void> {
  const before = folder.world;
  const affected = QUESTION_NAMES.flatMap((name) => {
    const meanwhile = answersBetween(before, after, name);
    const isSame = [answersIn(before, name), answersIn(after, name)].every((each) =>
      isDeepStrictEqual(each, meanwhile),
    );
    return isSame ? [] : [{ name, meanwhile }];
  });
  const expectAll = (answers: (question: (typeof affected)[number]) => readonly string[]) =>
    Promise.all(members.flatMap(({ load }) => affected.map((each) => load.expect(each.name, answers(each)))));

  await expectAll(({ meanwhile }) => meanwhile);
  const seen = shunt.changes.all.length;
  for (const object of await folder.become(after)) await shunt.changes.first((keys) => keys.includes(object), seen);
  await shunt.settled();
  await Promise.all(members.map(({ gateway }) => throughTheWorker(gateway)));
  await expectAll(({ name }) => answersIn(after, name));
}

/**
 * An Envoy acknowledges a change when it has handed it to its worker, which takes it up between two requests of one
 * connection at the latest: so the second answer is one that knows of it.
 */
async function throughTheWorker(gateway: Gateway): Promise<void> {
  await gateway.ask({ host: 'api' });
  await gateway.ask({ host: 'api' });
}
