import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { AppError } from '../../../src/domain/errors.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { HttpClient, RefusedAnswer } from '../../http/client.ts';
import { TokenCache } from '../../http/token.ts';
import { DpopProver } from './dpop.ts';
import { classifyToken } from './errors.ts';
import { readPrivateKey, type SigningKey } from './private-key.ts';

/** Everything the connector reads; the first three it cannot do without. */
export const CORE_SCOPES = ['okta.users.read', 'okta.groups.read', 'okta.apps.read'] as const;
export const ALL_SCOPES = [
  ...CORE_SCOPES,
  'okta.roles.read',
  'okta.orgs.read',
  'okta.idps.read',
  'okta.apiTokens.read',
] as const;

/** Where the token endpoint is. */
export const TOKEN_PATH = '/oauth2/v1/token';

/** How requests are authorised. */
export interface OktaAuthorization {
  headers(request: { readonly method: string; readonly url: URL }): Promise<Record<string, string>>;
  /** After a 401: true when the request is worth repeating. */
  refused(headers: Headers, sent: Readonly<Record<string, string>>): Promise<boolean>;
  /** Scopes that were granted; `null` for an API token, which has none. */
  scopes(): Promise<readonly string[] | null>;
}

/** An API token as it is. */
export function apiTokenAuthorization(apiToken: string): OktaAuthorization {
  const authorization = `SSWS ${apiToken.replace(/^SSWS\s+/i, '')}`;
  return {
    headers: async () => ({ authorization }),
    refused: async () => false,
    scopes: async () => null,
  };
}

const tokenSchema = z.looseObject({
  token_type: z.string(),
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  scope: z.string(),
});
const oauthError = z.looseObject({ error: z.string() });

interface Token {
  readonly type: 'Bearer' | 'DPoP';
  readonly value: string;
  readonly scopes: readonly string[];
}

/** A service app: `private_key_jwt` at the org authorization server, with DPoP where the app demands it. */
export class ServiceAppAuthorization implements OktaAuthorization {
  readonly #clock: Clock;
  readonly #connector: string;
  readonly #clientId: string;
  readonly #key: SigningKey;
  readonly #keyId: string | undefined;
  readonly #scopes: readonly string[];
  readonly #cache: TokenCache<Token>;
  readonly #http: () => HttpClient;
  #prover: Promise<DpopProver> | null = null;
  #tokenNonce: string | undefined;
  #apiNonce: string | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly connector: string;
    readonly clientId: string;
    readonly privateKey: string;
    readonly keyId?: string | undefined;
    readonly scopes?: readonly string[] | undefined;
    /** The client that these tokens are for; known only after this is made. */
    http(): HttpClient;
  }) {
    this.#clock = options.clock;
    this.#connector = options.connector;
    this.#clientId = options.clientId;
    this.#key = readPrivateKey(options.privateKey);
    this.#keyId = options.keyId ?? this.#key.kid;
    this.#scopes = options.scopes ?? ALL_SCOPES;
    this.#http = options.http;
    this.#cache = new TokenCache({ clock: options.clock, issue: () => this.#issue() });
  }

  async headers(request: { readonly method: string; readonly url: URL }): Promise<Record<string, string>> {
    const token = await this.#cache.get();
    const authorization = `${token.type} ${token.value}`;
    if (token.type === 'Bearer') return { authorization };
    const prover = await this.#proverOf();
    const dpop = await prover.proof({ ...request, nonce: this.#apiNonce, accessToken: token.value });
    return { authorization, dpop };
  }

  async refused(headers: Headers, sent: Readonly<Record<string, string>>): Promise<boolean> {
    const nonce = headers.get('dpop-nonce');
    if (nonce !== null && nonce !== this.#apiNonce) {
      this.#apiNonce = nonce;
      return true;
    }
    const current = await this.#cache.get();
    if (sent['authorization']?.endsWith(` ${current.value}`)) this.#cache.drop(current);
    return true;
  }

  async scopes(): Promise<readonly string[]> {
    return (await this.#cache.get()).scopes;
  }

  async #issue(): Promise<{ value: Token; expiresAtMs: number }> {
    try {
      return await this.#request(this.#scopes);
    } catch (error) {
      // One unknown name spoils the whole request: what this org has no licence for must not cost the rest.
      const isScope = error instanceof AppError && error.details?.['error'] === 'invalid_scope';
      if (!isScope || this.#scopes !== ALL_SCOPES) throw error;
      return this.#request(CORE_SCOPES);
    }
  }

  async #request(scopes: readonly string[]): Promise<{ value: Token; expiresAtMs: number }> {
    const { body } = await this.#http().post({
      path: TOKEN_PATH,
      schema: tokenSchema,
      anonymous: true,
      form: async () => ({
        grant_type: 'client_credentials',
        scope: scopes.join(' '),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await this.#assertion(),
      }),
      proof: async (url): Promise<Record<string, string>> => {
        if (this.#prover === null) return {};
        const prover = await this.#prover;
        return { dpop: await prover.proof({ method: 'POST', url, nonce: this.#tokenNonce }) };
      },
      recover: (answer) => this.#recover(answer),
      classify: classifyToken(this.#connector),
    });
    const value: Token = {
      type: body.token_type.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer',
      value: body.access_token,
      scopes: body.scope.split(/\s+/).filter((scope) => scope !== ''),
    };
    return { value, expiresAtMs: this.#clock.now() + body.expires_in * 1000 };
  }

  /** Learns from the first refusals that the app demands DPoP, then which nonce. */
  #recover(answer: RefusedAnswer): boolean {
    const parsed = oauthError.safeParse(answer.body);
    if (!parsed.success) return false;
    if (parsed.data.error === 'invalid_dpop_proof' && this.#prover === null) {
      this.#proverOf().catch(() => {});
      return true;
    }
    const nonce = answer.headers.get('dpop-nonce');
    if (parsed.data.error !== 'use_dpop_nonce' || nonce === null || nonce === this.#tokenNonce) return false;
    this.#tokenNonce = nonce;
    this.#proverOf().catch(() => {});
    return true;
  }

  #proverOf(): Promise<DpopProver> {
    this.#prover ??= DpopProver.create(this.#clock);
    return this.#prover;
  }

  async #assertion(): Promise<string> {
    const nowSeconds = Math.floor(this.#clock.now() / 1000);
    const header = { alg: this.#key.alg, ...(this.#keyId === undefined ? {} : { kid: this.#keyId }) };
    return new SignJWT({})
      .setProtectedHeader(header)
      .setIssuer(this.#clientId)
      .setSubject(this.#clientId)
      .setAudience(this.#http().urlOf(TOKEN_PATH))
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + 300)
      .setJti(randomUUID())
      .sign(this.#key.key);
  }
}
