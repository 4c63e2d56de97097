import { compact, contentHash } from '../../domain/graph.ts';
import type { FederationProperties } from '../../domain/properties.ts';

/** Hash of a FEDERATES link; never 0, because it always carries properties. */
export function federationHash(properties: FederationProperties): number {
  return contentHash(compact(properties)) || 1;
}
