import { readFileSync } from 'node:fs';
import { isMap, isScalar, type ParsedNode, parseAllDocuments } from 'yaml';

/** Names the file of the Online Boutique's manifests. */
const VARIABLE = 'ONLINE_BOUTIQUE';

const HOW_TO_GET_IT =
  `${VARIABLE} has to name the manifests of the Online Boutique: save release/kubernetes-manifests.yaml of the repository ` +
  `GoogleCloudPlatform/microservices-demo, and set the variable to the file's path.`;

/**
 * The Online Boutique's manifests, if this machine has them.
 *
 * @returns undefined on a person's machine that has none, having said how to get them.
 * @throws in CI, where a test that is skipped in silence is worse than one that fails.
 */
export function onlineBoutiqueOrSkip(): string | undefined {
  const path = process.env[VARIABLE];
  if (path !== undefined && path !== '') return readFileSync(path, 'utf8');
  if (process.env.CI !== undefined && process.env.CI !== '') throw new Error(HOW_TO_GET_IT);
  console.warn(`Tests with the Online Boutique are skipped: ${HOW_TO_GET_IT}`);
  return undefined;
}

export interface BoutiqueService {
  readonly name: string;
  readonly port: { readonly name: string; readonly port: number };
}

export interface LabelledManifests {
  /** The file with one more line for each Service. */
  readonly text: string;
  readonly services: readonly BoutiqueService[];
}

/**
 * Labels every Service of a manifest file as a baseline, as `kubectl label` would in a cluster. An object may stand in one
 * place only, so the label has to be in the file itself; it is written between the lines of the text, so that all the rest,
 * comments and the other kinds of objects included, stays as its authors wrote it.
 */
export function labelServices(manifests: string): LabelledManifests {
  const services: BoutiqueService[] = [];
  const places: number[] = [];
  for (const document of parseAllDocuments(manifests)) {
    if (document.get('kind') !== 'Service') continue;
    const labels = document.getIn(['metadata', 'labels'], true) as ParsedNode;
    const first = isMap(labels) ? labels.items[0]!.key : undefined;
    if (!isScalar(first)) throw new Error(`A Service has no labels:\n${document}`);
    places.push(first.range![0]);
    const { metadata, spec } = document.toJS();
    services.push({ name: metadata.name, port: spec.ports[0] });
  }
  let text = '';
  let end = 0;
  for (const place of places) {
    const indent = ' '.repeat(place - (manifests.lastIndexOf('\n', place) + 1));
    text += `${manifests.slice(end, place)}shunt.dev/role: baseline\n${indent}`;
    end = place;
  }
  return { text: text + manifests.slice(end), services };
}
