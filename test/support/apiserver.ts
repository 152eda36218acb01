import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 120_000;

/** `admin` may do everything; `viewer` nothing but what a test binds to it. */
export type User = 'admin' | 'viewer';

/**
 * A real kube-apiserver with an etcd, on loopback. There are no controllers: Services get no EndpointSlices, and a
 * namespace that is deleted never goes. Addresses in EndpointSlices may not be of loopback.
 */
export class ApiServer {
  readonly #assets: string;
  readonly #tokens: Readonly<Record<User, string>> = { admin: secret(), viewer: secret() };
  #folder = '';
  #ports = { api: 0, etcd: 0, etcdPeers: 0 };
  #etcd: Process | undefined;
  #api: Process | undefined;
  #certificate = '';
  /** Connections are kept: a benchmark writes tens of thousands of objects. */
  #agent = new https.Agent({ keepAlive: true, maxSockets: 32 });

  /** @param assets a folder with the binaries etcd and kube-apiserver. */
  constructor(assets: string) {
    this.#assets = path.resolve(assets);
  }

  get port(): number {
    return this.#ports.api;
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(path.join(tmpdir(), 'apiserver-'));
    const keys = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    await Promise.all([
      writeFile(this.#file('service-accounts.key'), keys.privateKey, { mode: 0o600 }),
      writeFile(this.#file('service-accounts.pub'), keys.publicKey),
      writeFile(
        this.#file('tokens.csv'),
        `${this.#tokens.admin},admin,admin,system:masters\n${this.#tokens.viewer},viewer,viewer\n`,
        { mode: 0o600 },
      ),
    ]);
    const [api, etcd, etcdPeers] = await freePorts(3);
    this.#ports = { api: api!, etcd: etcd!, etcdPeers: etcdPeers! };
    this.#etcd = this.#runEtcd();
    await this.startApi();
    for (const user of ['admin', 'viewer'] as const) {
      await writeFile(this.kubeconfig(user), this.kubeconfigText(user), { mode: 0o600 });
    }
  }

  /** Starts the API server alone, at the port that it had before, and waits until it is ready. */
  async startApi(): Promise<void> {
    this.#api = this.#runApi();
    await Promise.race([this.#ready(), this.#etcd!.ended, this.#api.ended]);
    this.#certificate = await readFile(this.#file('certificates/apiserver.crt'), 'utf8');
  }

  /** Ends the API server alone, without a word to its clients. */
  async killApi(): Promise<void> {
    await this.#api?.kill();
    this.#agent.destroy();
    this.#agent = new https.Agent({ keepAlive: true, maxSockets: 32 });
  }

  /** Halts the API server's process, which stays connected and says nothing, or lets it go on. */
  async pauseApi(paused: boolean): Promise<void> {
    await this.#api!.signal(paused ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Has etcd forget all history, so that nobody can go on from a resourceVersion of before. */
  async compact(): Promise<void> {
    const ask = async (path: string, body: object) => {
      const answer = await fetch(`${this.#etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`etcd answers ${answer.status} to ${path}: ${await answer.text()}`);
      return (await answer.json()) as { header: { revision: string } };
    };
    const { header } = await ask('range', { key: base64('/') });
    await ask('compaction', { revision: header.revision, physical: true });
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await Promise.all([this.#api?.kill(), this.#etcd?.kill()]);
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }

  /** Path of a kubeconfig with the rights of a user. */
  kubeconfig(user: User): string {
    return this.#file(`kubeconfig-${user}`);
  }

  /** @param port of a proxy to go through, if any. */
  kubeconfigText(user: User, port = this.port): string {
    return this.kubeconfigWithToken(this.#tokens[user], port);
  }

  /** For whom the API server knows by a token, such as a ServiceAccount. */
  kubeconfigWithToken(token: string, port = this.port): string {
    const user = 'user';
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'test',
          cluster: { server: `https://${HOST}:${port}`, 'certificate-authority-data': base64(this.#certificate) },
        },
      ],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user } }],
      'current-context': 'test',
    };
    return JSON.stringify(config);
  }

  /**
   * A request as `admin`; a PATCH is a JSON merge patch.
   *
   * @param urlPath such as `/api/v1/namespaces`.
   * @throws if the answer is not a success, with what it says.
   */
  request(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', urlPath: string, body?: object): Promise<unknown> {
    return this.#ask(method, urlPath, body, method === 'PATCH' ? 'application/merge-patch+json' : 'application/json');
  }

  /** Creates the object at the path, or makes it what is written (a server-side apply). */
  async apply(urlPath: string, object: object): Promise<void> {
    await this.#ask('PATCH', `${urlPath}?fieldManager=test&force=true`, object, 'application/apply-patch+yaml');
  }

  async #ask(method: string, urlPath: string, body: object | undefined, contentType: string): Promise<unknown> {
    const { status, text } = await this.#send(method, urlPath, body, contentType);
    if (status >= 300) throw new Error(`${method} ${urlPath}: ${status} ${text}`);
    return JSON.parse(text);
  }

  #send(
    method: string,
    urlPath: string,
    body?: object,
    contentType = 'application/json',
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const request = https.request(
        {
          host: HOST,
          port: this.port,
          method,
          path: urlPath,
          agent: this.#agent,
          // Until it has said that it is ready its certificate, which it makes itself, may not be there yet.
          ...(this.#certificate === '' ? { rejectUnauthorized: false } : { ca: this.#certificate }),
          headers: { authorization: `Bearer ${this.#tokens.admin}`, 'content-type': contentType },
        },
        async (response) => {
          let text = '';
          try {
            for await (const chunk of response.setEncoding('utf8')) text += chunk;
            resolve({ status: response.statusCode!, text });
          } catch (error) {
            reject(error);
          }
        },
      );
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Asks until it answers: nothing tells when a server has begun to. */
  async #ready(): Promise<void> {
    let last = '';
    for (const limit = Date.now() + START_TIMEOUT_MS; Date.now() < limit; await delay(50)) {
      const answer = await this.#send('GET', '/readyz').catch((error: Error) => ({ status: 0, text: error.message }));
      if (answer.status === 200) return;
      last = answer.text;
    }
    throw new Error(`The API server is not ready after ${START_TIMEOUT_MS / 1000} s: ${last}`);
  }

  #runEtcd(): Process {
    const peers = `http://${HOST}:${this.#ports.etcdPeers}`;
    return new Process(path.join(this.#assets, 'etcd'), this.#file('etcd.log'), [
      '--name=test',
      `--data-dir=${this.#file('etcd')}`,
      `--listen-client-urls=${this.#etcdUrl}`,
      `--advertise-client-urls=${this.#etcdUrl}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=test=${peers}`,
      '--log-level=warn',
      // What a test writes need not outlive the machine.
      '--unsafe-no-fsync',
    ]);
  }

  #runApi(): Process {
    return new Process(path.join(this.#assets, 'kube-apiserver'), this.#file('apiserver.log'), [
      `--etcd-servers=${this.#etcdUrl}`,
      `--bind-address=${HOST}`,
      `--advertise-address=${HOST}`,
      `--secure-port=${this.port}`,
      `--cert-dir=${this.#file('certificates')}`,
      `--token-auth-file=${this.#file('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${this.#file('service-accounts.pub')}`,
      `--service-account-signing-key-file=${this.#file('service-accounts.key')}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      // It would write its own address, which is of loopback, into an EndpointSlice.
      '--endpoint-reconciler-type=none',
      // There is no controller to make the account that each Pod would need.
      '--disable-admission-plugins=ServiceAccount',
    ]);
  }

  get #etcdUrl(): string {
    return `http://${HOST}:${this.#ports.etcd}`;
  }

  #file(name: string): string {
    return path.join(this.#folder, name);
  }
}

/**
 * Runs a command until it ends or the pipe at standard input does, be it because the process at its other end was killed.
 * A shell gives what it starts in the background no standard input, hence the copy.
 */
const UNTIL_PIPE_ENDS =
  'exec 3<&0; "$@" & child=$!; { cat <&3 >/dev/null; kill -KILL $child 2>/dev/null; } & wait $child';

/** A process that ends with the test run, however that ends. */
class Process {
  /** Rejects when the process has ended, with the end of its log. */
  readonly ended: Promise<never>;
  readonly #shell: ChildProcess;
  readonly #gone: Promise<unknown>;

  constructor(binary: string, log: string, args: readonly string[]) {
    const file = openSync(log, 'a');
    this.#shell = spawn('/bin/sh', ['-c', UNTIL_PIPE_ENDS, 'sh', binary, ...args], { stdio: ['pipe', file, file] });
    closeSync(file);
    this.#gone = once(this.#shell, 'exit');
    this.ended = this.#gone.then(async () => {
      const tail = (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-20).join('\n');
      throw new Error(`${binary} has ended:\n${tail}`);
    });
    // An end that nobody waits for, such as that by kill(), is no failure.
    this.ended.catch(() => undefined);
  }

  /** To the process itself, which is a child of the shell. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const shell = this.#shell.pid!;
    const [binary] = (await readFile(`/proc/${shell}/task/${shell}/children`, 'utf8')).split(' ');
    process.kill(Number(binary), signal);
  }

  async kill(): Promise<void> {
    this.#shell.stdin!.end();
    await this.#gone;
  }
}

/**
 * Different ports that nobody listens on, below those that systems give to outgoing connections: one of these could take a
 * port away between two starts of a server.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, HOST);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}

function secret(): string {
  return randomBytes(24).toString('hex');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
