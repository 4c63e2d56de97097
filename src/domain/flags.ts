/**
 * Flags say what is live; kinds do not. Default walks take live nodes and links only.
 * Node flags fit one byte, link flags four bits (the index packs them beside the link kind).
 */
export const NodeFlag = {
  /** Not usable now: suspended, deprovisioned, not yet activated, disabled. Never walked by default. */
  INACTIVE: 1,
  /** Its validity has passed; set by the expiry consumer at that moment. */
  EXPIRED: 2,
  /**
   * Made from data that its connector can no longer read: shown, walked, marked. Nothing sets it today: a whole listing
   * turns stale at once, so the API derives it from the listing's last outcome (`services/connectors/staleness.ts`).
   */
  STALE: 4,
} as const;

export const LinkFlag = {
  /** Switched off at the provider. Not walked by default. */
  INACTIVE: 1,
  /** The provider derived it from another link (an app user that a group brought); evidence, never walked. */
  DERIVED: 2,
  /** Its validity has passed; set by the expiry consumer at that moment. Not walked by default. */
  EXPIRED: 4,
  /** Kept as evidence only (consent, observed log-in, ownership of an account that is entered by federation); never walked. */
  EVIDENCE: 8,
} as const;

/** Links with one of these are never walked, whatever the caller asks for. */
export const NEVER_WALKED = LinkFlag.DERIVED | LinkFlag.EVIDENCE;
/** Links with one of these are walked only when the caller asks for what is not live. */
export const NOT_LIVE_LINK = LinkFlag.INACTIVE | LinkFlag.EXPIRED;
/** Nodes with one of these are entered only when the caller asks for what is not live. */
export const NOT_LIVE_NODE = NodeFlag.INACTIVE | NodeFlag.EXPIRED;
