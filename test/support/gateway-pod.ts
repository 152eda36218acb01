import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { envoyOrSkip } from './envoy.ts';
import type { KubernetesObject } from './kubectl.ts';
import { PodSandbox } from './pod-sandbox.ts';
import { freePort } from './ports.ts';
import type { TestShunt } from './shunt.ts';

/** What the gateways' Pods are called. */
export const POD = 'shunt-gateway-7d4f-x2x';

/** In place of 15 s and 60 s: the nodes of a test learn at once. */
const DRAIN_SECONDS = ['2', '20'] as const;

/** The Envoy of a Pod of the gateways' Deployment. */
export class GatewayPod {
  /** Where it takes requests. */
  readonly port: number;
  readonly ports: Readonly<Record<'admin' | 'probe', number>>;
  readonly #pod: PodSandbox;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(binary: string, pod: PodSandbox, port: number, ports: GatewayPod['ports']) {
    this.#pod = pod;
    this.port = port;
    this.ports = ports;
    this.#child = spawn(binary, [...pod.args(POD), '--log-level', 'error'], { stdio: 'ignore' });
    const killNow = () => this.#child.kill('SIGKILL');
    process.once('exit', killNow);
    this.#ended = once(this.#child, 'exit').finally(() => process.off('exit', killNow));
  }

  /** @param secrets their files, by name. */
  static async start(
    objects: readonly KubernetesObject[],
    { xdsPort, gatewayPort }: Pick<TestShunt, 'xdsPort' | 'gatewayPort'>,
    secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  ): Promise<GatewayPod> {
    const ports = { admin: await freePort(), probe: await freePort() };
    const pod = await PodSandbox.of(objects, secrets, (text) =>
      text
        .replaceAll('port_value: 19001', `port_value: ${ports.admin}`)
        .replace('port_value: 19002', `port_value: ${ports.probe}`)
        .replace(
          /address: "shunt.shunt-system"\n(\s+)port_value: 18000/,
          `address: "127.0.0.1"\n$1port_value: ${xdsPort}`,
        ),
    );
    return new GatewayPod((await envoyOrSkip())!.binary, pod, gatewayPort, ports);
  }

  /** What the readiness probe gets; 0 is no answer. */
  readiness(): Promise<number> {
    return this.probe('/ready');
  }

  async probe(path: string, method = 'GET'): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.probe}${path}`, { method }).catch(() => undefined);
    await answer?.text();
    return answer?.status ?? 0;
  }

  async ready(): Promise<void> {
    await expect.poll(() => this.readiness(), { timeout: 30_000, interval: 20 }).toBe(200);
  }

  /** Carries out the preStop. @param seconds at the least and at the most. */
  async drain(seconds: readonly string[] = DRAIN_SECONDS): Promise<void> {
    const [shell, script] = this.#pod.container.lifecycle.preStop.exec.command as string[];
    const args = [this.#pod.relocated(script!), ...seconds];
    const child = spawn(shell!, args, {
      env: { ...process.env, ADMIN_PORT: `${this.ports.admin}` },
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  }

  /** How often its admin interface has been asked something. */
  async asked(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.admin}/stats?filter=^http.admin.downstream_rq_total$`);
    return Number((await answer.text()).split(': ')[1]);
  }

  async node(): Promise<KubernetesObject> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.admin}/server_info`);
    return ((await answer.json()) as KubernetesObject).node;
  }

  /** Ends it as a kubelet does after the preStop. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    await this.#pod.delete();
  }
}
