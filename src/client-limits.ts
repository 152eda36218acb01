import type { Settings } from './settings/index.ts';
import type { XdsLimits } from './xds/index.ts';

const MIB = 1024 * 1024;
/** Of what all Envoys may have, those of one identity or address have no more than this, so that others have the rest. */
const PART_OF_STREAMS = 1 / 2;
const PART_OF_MEMORY = 3 / 4;
/** A fleet that starts asks this much more in its first seconds than ever after. */
const BURST_S = 40;

/** What the settings say of how much Envoys may cost. */
export function clientLimits({ xdsStreams, xdsRequests, xdsMemory }: Settings): Partial<XdsLimits> {
  const memoryBytes = xdsMemory === undefined ? undefined : xdsMemory * MIB;
  return {
    streams: xdsStreams,
    peerStreams: Math.floor(xdsStreams * PART_OF_STREAMS),
    peerRequests: { burst: xdsRequests * BURST_S, perSecond: xdsRequests },
    ...(memoryBytes !== undefined && { memoryBytes, peerMemoryBytes: memoryBytes * PART_OF_MEMORY }),
  };
}
