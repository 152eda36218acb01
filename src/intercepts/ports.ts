import type { CatalogView } from '../catalog/catalog.ts';
import type { Baseline, HttpPort, Preview } from '../catalog/model.ts';
import { describe } from '../catalog/model.ts';
import type { Problem } from '../problems.ts';
import { mergeEndpoints } from './endpoints.ts';
import { type InheritedKeys, inheritedKeys, MOST_INHERITED } from './hierarchy.ts';
import type { Intercept, PortEndpoints } from './intercept.ts';
import { previewProblem } from './preview-problem.ts';

const NONE_INHERITED: InheritedKeys = { taken: [], leftOut: [] };

function tooManyInherited(preview: Preview, first: string): Problem {
  return previewProblem(
    preview,
    'keys-too-many',
    `more than ${MOST_INHERITED} keys below ${JSON.stringify(preview.key)} are declared; the younger ones, such as ` +
      `${JSON.stringify(first)}, do not fall back to it but to the baseline.`,
    'Remove the previews that nobody needs, wherever they are, or give this Service previews of their own.',
  );
}

/** The port of a preview that stands for a port of its baseline: of the same name, else number, else the only one. */
export function previewPort(port: HttpPort, baseline: Baseline, preview: Preview): HttpPort | undefined {
  const found =
    preview.ports.find((each) => each.name !== '' && each.name === port.name) ??
    preview.ports.find((each) => each.port === port.port) ??
    (preview.ports.length === 1 && baseline.ports.length === 1 ? preview.ports[0] : undefined);
  return found?.protocol === port.protocol ? found : undefined;
}

export function portEndpoints(
  port: HttpPort,
  baseline: Baseline,
  intercepts: readonly Intercept[],
  catalog: CatalogView,
  problems: Problem[],
): PortEndpoints {
  const present = intercepts.flatMap((intercept) => {
    const own = previewPort(port, baseline, intercept.preview);
    return own === undefined ? [] : [{ ...intercept, endpoints: catalog.endpoints(intercept.preview.id, own) }];
  });
  const keys = new Set(present.flatMap(({ preview }) => preview.key ?? []));
  const copies = present.map(({ preview, subsets, endpoints }) => {
    const { key } = preview;
    const { taken, leftOut } = key === undefined ? NONE_INHERITED : inheritedKeys(key, keys, catalog);
    if (leftOut.length > 0) problems.push(tooManyInherited(preview, leftOut[0]!));
    return { preview, subsets: [...subsets, ...taken], endpoints };
  });
  const merged = mergeEndpoints(catalog.endpoints(baseline.id, port), copies);
  for (const { preview, address } of merged.shared) {
    problems.push(
      previewProblem(
        preview,
        'address-shared',
        `all endpoints of ${describe(baseline)} are its endpoints too (${address} is one), so they stay the baseline's.`,
        'Make its selector narrower, so that it selects the copy only.',
      ),
    );
  }
  const denied = copies.filter(({ preview }) => preview.whenUnready === 'deny').flatMap(({ subsets }) => subsets);
  const unready = copies.filter(({ endpoints }) => !endpoints.some(({ usable }) => usable));
  return Object.freeze({
    port,
    entries: merged.entries,
    denied: new Set(denied),
    unready: unready.map(({ preview, subsets }) => ({ preview, subsets })),
  });
}
