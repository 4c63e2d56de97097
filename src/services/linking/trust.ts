import type { SignOn, UpstreamClaim } from '../../domain/properties.ts';

/** A tenant that is connected, with what is verifiably its own. */
export interface Tenant {
  readonly connector: string;
  /** Node id of its TENANT organisation. */
  readonly organization: number;
  /** Hosts, and full URLs or identifiers that the operator declared as its own; lower-case. */
  readonly domains: ReadonlySet<string>;
}

/** A connection or inbound identity provider of a tenant, and what it says about its upstream. */
export interface Connection {
  readonly connector: string;
  readonly nativeId: string;
  readonly name: string;
  readonly claim: UpstreamClaim;
}

/** An application with the facts of its sign-on. */
export interface SignOnApplication {
  readonly id: number;
  readonly key: string;
  readonly connector: string;
  readonly signOn: SignOn;
}

export interface Trust {
  /** Connector of the upstream tenant. */
  readonly connector: string;
  /** The upstream application people go through; `null` when it cannot be read. */
  readonly via: SignOnApplication | null;
}

/** Host of a URL or of a bare host name, lower-case; `null` when it is neither. */
export function hostOf(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  try {
    return new URL(text.includes('://') ? text : `https://${text}`).hostname.toLowerCase() || null;
  } catch {
    return null;
  }
}

/** URLs compare without case of host, query order kept, no trailing slash. */
function sameUrl(text: string): string {
  return text.trim().replace(/\/+$/, '').toLowerCase();
}

/**
 * Decides which tenants trust which. A connection's name proves nothing: anybody can call one "okta". It counts only when
 * the domain or issuer it sends people to is a connected tenant's own, or its sign-in address is exactly that of
 * one application of a connected tenant. An application signs into a tenant only when its settings name that tenant's own
 * host or identifier, or a trusted connection of that tenant names the application.
 */
export class TrustMap {
  private readonly trusts = new Map<string, Trust>();
  /** application id → tenants it signs people into. */
  readonly signsInto = new Map<number, Set<string>>();

  constructor(
    readonly tenants: ReadonlyMap<string, Tenant>,
    connections: Iterable<Connection>,
    applications: readonly SignOnApplication[],
  ) {
    const byClient = new Map<string, SignOnApplication>();
    const bySsoUrl = new Map<string, SignOnApplication[]>();
    const byReturn = new Map<string, SignOnApplication[]>();
    for (const application of applications) {
      const { clientId, ssoUrl } = application.signOn;
      if (clientId !== undefined) byClient.set(`${application.connector} ${clientId}`, application);
      if (ssoUrl !== undefined) push(bySsoUrl, sameUrl(ssoUrl), application);
      for (const connector of this.tenantsNamedBy(application)) {
        push(byReturn, `${application.connector} ${connector}`, application);
        this.addSignsInto(application.id, connector);
      }
    }
    for (const connection of connections) {
      const trust = this.judge(connection, byClient, bySsoUrl, byReturn);
      if (trust === null) continue;
      this.trusts.set(`${connection.connector}/id/${connection.nativeId}`, trust);
      this.trusts.set(`${connection.connector}/name/${connection.name}`, trust);
      if (trust.via !== null) this.addSignsInto(trust.via.id, connection.connector);
    }
  }

  /** The trusted upstream of a connection by native id or, when that is not known, by name. */
  of(connector: string, connectionId: string, connectionName?: string): Trust | null {
    return (
      this.trusts.get(`${connector}/id/${connectionId}`) ??
      this.trusts.get(`${connector}/name/${connectionName ?? connectionId}`) ??
      null
    );
  }

  private judge(
    connection: Connection,
    byClient: ReadonlyMap<string, SignOnApplication>,
    bySsoUrl: ReadonlyMap<string, readonly SignOnApplication[]>,
    byReturn: ReadonlyMap<string, readonly SignOnApplication[]>,
  ): Trust | null {
    const { claim } = connection;
    const hosts = [hostOf(claim.domain), hostOf(claim.issuer)].filter((host) => host !== null);
    for (const tenant of this.tenants.values()) {
      if (tenant.connector === connection.connector || hosts.length === 0) continue;
      // Both, when both are given: a domain of ours beside a foreign issuer is no proof.
      if (!hosts.every((host) => tenant.domains.has(host))) continue;
      const via =
        claim.clientId === undefined
          ? only(byReturn.get(`${tenant.connector} ${connection.connector}`))
          : (byClient.get(`${tenant.connector} ${claim.clientId}`) ?? null);
      return { connector: tenant.connector, via };
    }
    // A foreign host beside the sign-in address would contradict it.
    if (claim.signInUrl === undefined || hosts.some((host) => host !== hostOf(claim.signInUrl))) return null;
    const application = only(bySsoUrl.get(sameUrl(claim.signInUrl)));
    if (application === null || application.connector === connection.connector) return null;
    return this.tenants.has(application.connector) ? { connector: application.connector, via: application } : null;
  }

  private *tenantsNamedBy(application: SignOnApplication): Generator<string> {
    const { redirectUris = [], acsUrl, audience } = application.signOn;
    const named = [...redirectUris, acsUrl, audience].filter((text) => text !== undefined && text !== '') as string[];
    for (const tenant of this.tenants.values()) {
      if (tenant.connector === application.connector) continue;
      const names = named.some((text) => {
        const host = text.includes('://') ? hostOf(text) : null;
        return tenant.domains.has(sameUrl(text)) || (host !== null && tenant.domains.has(host));
      });
      if (names) yield tenant.connector;
    }
  }

  private addSignsInto(application: number, connector: string): void {
    const set = this.signsInto.get(application);
    if (set === undefined) this.signsInto.set(application, new Set([connector]));
    else set.add(connector);
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function only<T>(list: readonly T[] | undefined): T | null {
  return list?.length === 1 ? list[0]! : null;
}
