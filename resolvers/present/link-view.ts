import type { Link, Ownership } from '../../schema/types/link.ts';
import { LinkFlag, NEVER_WALKED, NOT_LIVE_LINK } from '../../src/domain/flags.ts';
import type { LinkRecord, SourceRef } from '../../src/domain/graph.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { booleanOf, dateOf, numberOf, objectsOf, textOf } from './read-json.ts';

/** What the bits of a link's flags say. */
export function presentFlags(flags: number) {
  return {
    isLive: (flags & (NEVER_WALKED | NOT_LIVE_LINK)) === 0,
    isInactive: (flags & LinkFlag.INACTIVE) !== 0,
    isExpired: (flags & LinkFlag.EXPIRED) !== 0,
    isDerived: (flags & LinkFlag.DERIVED) !== 0,
    isEvidence: (flags & LinkFlag.EVIDENCE) !== 0,
  };
}

export function presentLink(record: LinkRecord, source: SourceRef): Link {
  return {
    kind: record.kind,
    connectorId: source.connector,
    listing: source.listing,
    qualifier: record.qualifier,
    ...presentFlags(record.flags),
    validUntil: dateOf(record.properties?.['validUntil']),
    properties: record.properties,
  };
}

/** The evidence on a HAS_ACCOUNT link. */
export function presentOwnership(properties: JsonObject | null): Ownership | null {
  if (properties === null) return null;
  return {
    rule: textOf(properties['rule']) ?? 'UNKNOWN',
    confidence: numberOf(properties['confidence']) ?? 0,
    evidence: objectsOf(properties['evidence']).map((item) => ({
      rule: textOf(item['rule']) ?? 'UNKNOWN',
      sentence: textOf(item['sentence']) ?? '',
      value: textOf(item['value']),
      withKey: textOf(item['with']),
    })),
    entranceUnknown: booleanOf(properties['entranceUnknown']) ?? false,
  };
}
