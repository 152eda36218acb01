import { runProgram } from './program.ts';

/**
 * Asks a program for its version, which also proves that this machine can run it.
 * @returns the version, or why it is no Envoy: the end of a sentence that begins with its path.
 */
export async function envoyVersion(
  binary: string,
  signal?: AbortSignal,
): Promise<{ readonly value: string } | { readonly why: string }> {
  const { stdout, failure } = await runProgram(binary, ['--version'], { signal });
  if (failure !== undefined) return { why: `cannot be run (${failure})` };
  // `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`. Other programs are called envoy too.
  const match = /version: [0-9a-f]+\/([0-9]+\.[0-9]+\.[^/\s]+)\//.exec(stdout);
  return match === null ? { why: 'is not an Envoy' } : { value: match[1]! };
}
