import { promises as dns, type RecordWithTtl } from 'node:dns';
import { readAddress } from '../manifests/index.ts';
import type { Resolution, Resolver } from './resolver.ts';

/** How long a name of /etc/hosts is believed, in seconds: the file names no time. */
const HOSTS_TTL_SECONDS = 5;

/** The system's own lookups run on four threads shared with all file access, so that they may not all be taken. */
const MOST_LOOKUPS = 2;

/** For the DNS servers of the system: how long one is waited for, in milliseconds, and how often it is asked. */
const PATIENCE = { timeout: 2_000, tries: 2 };

/**
 * Asks DNS for A and AAAA records, and the system (/etc/hosts, search domains) where it has none; the system only for a
 * name of one label, which means nothing to DNS. One family suffices: many servers answer for the other with errors.
 *
 * @param addresses of DNS servers, `ADDRESS` or `ADDRESS:PORT`; default: the system's.
 */
export function dnsResolver(addresses?: readonly string[]): Resolver {
  const servers = new dns.Resolver(PATIENCE);
  if (addresses !== undefined) servers.setServers(addresses);
  const lookups = new Turnstile(MOST_LOOKUPS);
  return {
    async resolve(name) {
      const records = name.includes('.') ? await ask(servers, name) : [];
      if (records.length > 0) return resolution(records, Math.min(...records.map(({ ttl }) => ttl)));
      return resolution(await lookups.pass(() => dns.lookup(name, { all: true })), HOSTS_TTL_SECONDS);
    },
  };
}

async function ask(servers: dns.Resolver, name: string): Promise<readonly RecordWithTtl[]> {
  const families = [servers.resolve4(name, { ttl: true }), servers.resolve6(name, { ttl: true })];
  const answers = await Promise.allSettled(families);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

function resolution(records: readonly { readonly address: string }[], ttlSeconds: number): Resolution {
  return { addresses: records.flatMap(({ address }) => readAddress(address) ?? []), ttlSeconds };
}

/** Lets through so many at a time. */
class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
