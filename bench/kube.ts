import { parseArgs } from 'node:util';
import { ApiServer } from '../test/support/apiserver.ts';
import { inOwnNetwork, runInOwnNetwork } from '../test/support/own-network.ts';
import { formatIntervals } from './interval-table.ts';
import { Churn } from './kube/churn.ts';
import { type KubeContender, startKube } from './kube/contender.ts';
import { UPSTREAM_HOST } from './kube/objects.ts';
import { measureStart } from './kube/start.ts';
import { measure, type Samples } from './measure.ts';
import { runSession, type Session } from './session.ts';
import { startUpstreams } from './upstreams.ts';

const usage = `Usage: npm run bench:kube -- [--rounds N] [--services N,N] [--previews N] [--churn N] [--start N]

Measures, with a real API server, the time from writing a Service's labels to the preview's first answer through a real
Envoy, while nothing else changes and while other previews do; and how long a start takes in a large cluster.
KUBEBUILDER_ASSETS has to name a folder with etcd and kube-apiserver. Runs in a network of its own (unshare).

  --rounds N       How many times each is measured, in at most N / 10 seconds. Default: 300.
  --services N,N   How many baselines there are. Default: 100,5000.
  --previews N     How many previews stand throughout. Default: 1000.
  --churn N        How many changes a second the others make. Default: 50.
  --start N        How many Services there are at the start that is measured, each with 2 EndpointSlices. Default: 10000.`;

interface Options {
  readonly assets: string;
  readonly rounds: number;
  readonly services: readonly number[];
  readonly previews: number;
  readonly churn: number;
  readonly start: number;
}

async function bench(options: Options, session: Session): Promise<string> {
  const { signal, onStart } = session;
  const { rounds, previews } = options;
  const server = new ApiServer(options.assets);
  onStart(() => server.stop());
  await server.start();
  const upstreams = await startUpstreams(undefined, UPSTREAM_HOST);
  onStart(upstreams.stop);
  const start = await measureStart(server, options.start, session);

  const samples: Samples[] = [];
  const writes: number[] = [];
  const rates: number[] = [];
  for (const services of options.services) {
    const surroundings = { ...session.surroundings(`kube-${services}`), upstreams };
    const contender = await startKube({ ...surroundings, server, services, previews, signal });
    samples.push(...(await measure([contender], { rounds, signal })));
    await settle(contender);
    writes.push(...contender.labellers.flatMap(({ times }) => times));
    const churn = new Churn({ server, namespace: contender.namespace, previews, perSecond: options.churn });
    const [busy] = await measure([contender], { rounds, signal });
    rates.push(await churn.stop());
    await settle(contender);
    samples.push({ ...busy!, title: `${busy!.title}, ${options.churn} changes/s` });
  }
  const median = writes.toSorted((a, b) => a - b)[Math.floor(writes.length / 2)]!;
  return [
    "From sending a Service's labels to the API server to the preview's first answer:\n",
    `${formatIntervals(samples)}\n`,
    `The API server took ${median.toFixed(2)} ms (median) for the write itself, which is part of this; others made ` +
      `${rates.map((rate) => rate.toFixed(1)).join(' and ')} changes/s.\n`,
    `A start at ${start.services.toLocaleString('en')} Services with ${start.slices.toLocaleString('en')} EndpointSlices: ` +
      `ready after ${(start.readyMs / 1_000).toFixed(2)} s, at most ${start.peakMib.toFixed(0)} MiB.`,
  ].join('\n');
}

/** @throws what a write has failed with. */
async function settle({ labellers }: KubeContender): Promise<void> {
  for (const labeller of labellers) await labeller.done();
}

function readOptions(args: readonly string[]): Options | string {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (!assets) return 'KUBEBUILDER_ASSETS is not set; let it name a folder with etcd and kube-apiserver.';
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '300' },
        services: { type: 'string', default: '100,5000' },
        previews: { type: 'string', default: '1000' },
        churn: { type: 'string', default: '50' },
        start: { type: 'string', default: '10000' },
      },
    });
    for (const [name, value] of Object.entries(values)) {
      const form = name === 'services' ? /^[1-9]\d{0,4}(,[1-9]\d{0,4})*$/ : /^[1-9]\d{0,4}$/;
      if (!form.test(value)) return `--${name}: "${value}" is no such number; write 1 or more.`;
    }
    return {
      assets,
      rounds: Number(values.rounds),
      services: values.services.split(',').map(Number),
      previews: Number(values.previews),
      churn: Number(values.churn),
      start: Number(values.start),
    };
  } catch (error) {
    return (error as Error).message;
  }
}

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') {
  console.error(`${options}\n\n${usage}`);
  process.exitCode = 1;
} else if (inOwnNetwork) {
  process.exitCode = await runSession((session) => bench(options, session));
} else {
  process.exitCode = await runInOwnNetwork(import.meta.filename, process.argv.slice(2));
}
