import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';

/** An object as a manifest has it. */
// biome-ignore lint/suspicious/noExplicitAny: manifests are what tests look into, field by field.
export type KubernetesObject = any;

/**
 * Runs the kubectl beside the API server's binary.
 *
 * @param input for its standard input.
 * @returns what it prints.
 * @throws what it says, if it fails.
 */
export async function kubectl(kubeconfig: string, args: readonly string[], input = ''): Promise<string> {
  const binary = path.resolve(process.env.KUBEBUILDER_ASSETS!, 'kubectl');
  const child = spawn(binary, ['--kubeconfig', kubeconfig, ...args], { stdio: 'pipe' });
  const ended = once(child, 'close');
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} has ended with ${code}: ${stderr}`);
  return stdout;
}

/** The objects that a folder with a kustomization stands for. */
export async function kustomize(folder: string): Promise<readonly KubernetesObject[]> {
  return readObjects(await kubectl('', ['kustomize', folder]));
}

export function readObjects(yaml: string): readonly KubernetesObject[] {
  return parseAllDocuments(yaml).flatMap((document) => document.toJS() ?? []);
}
