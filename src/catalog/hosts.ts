import { isDnsName } from '../dns-names.ts';
import { quote } from '../problems.ts';
import type { OutsideHost } from './model.ts';

export type HostReading = { readonly host: OutsideHost } | { readonly wrong: string };

/**
 * Reads one entry of `shunt.dev/hosts`: a DNS name, `*.` and a DNS name, or `*`, and an optional path prefix.
 *
 * @param previewDomain names under it belong to previews and are nobody's to claim.
 */
export function readHost(entry: string, previewDomain: string): HostReading {
  const slash = entry.indexOf('/');
  const host = (slash === -1 ? entry : entry.slice(0, slash)).toLowerCase();
  const path = slash === -1 ? '/' : entry.slice(slash);
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (host !== '*' && !isDnsName(name)) return { wrong: `${quote(host)} is no DNS name` };
  if (host === previewDomain || host.endsWith(`.${previewDomain}`)) {
    return { wrong: `${quote(host)} lies in the preview domain ${previewDomain}` };
  }
  if (/(^|\.)(svc|cluster\.local)$/.test(name)) {
    return { wrong: `${quote(host)} is for Services, which have their names inside the cluster without asking` };
  }
  if (!/^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/.test(path) || path.includes('//')) {
    return { wrong: `${quote(path)} is no path` };
  }
  return { host: Object.freeze({ host, pathPrefix: path === '/' ? path : path.replace(/\/$/, '') }) };
}
