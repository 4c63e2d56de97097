import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { z } from 'zod';
import { ProofChecker } from './dpop.ts';
import { refuse } from './errors.ts';

/** What the owner of a token may do in the org, apart from scopes. */
export type AdminRole = 'SUPER_ADMIN' | 'READ_ONLY_ADMIN' | 'NONE';

export const READ_SCOPES = [
  'okta.users.read',
  'okta.groups.read',
  'okta.apps.read',
  'okta.roles.read',
  'okta.orgs.read',
  'okta.idps.read',
  'okta.apiTokens.read',
] as const;

export interface ServiceApp {
  readonly clientId: string;
  readonly kid: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
}

interface Client {
  readonly publicKey: KeyObject;
  readonly kid: string;
  readonly scopes: ReadonlySet<string>;
  readonly dpop: boolean;
  readonly adminRole: AdminRole;
}

interface Principal {
  /** `null`: an API token, which has no scopes. */
  readonly scopes: ReadonlySet<string> | null;
  readonly adminRole: AdminRole;
  /** Set when the token is bound to a key. */
  readonly thumbprint: string | null;
  readonly expiresAtMs: number;
}

const formSchema = z.looseObject({
  grant_type: z.literal('client_credentials'),
  scope: z.string().min(1),
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer'),
  client_assertion: z.string(),
});

/** API tokens, service apps and the tokens they got. */
export class OktaAuth {
  readonly #url: () => string;
  readonly #clients = new Map<string, Client>();
  readonly #tokens = new Map<string, Principal>();
  readonly #proofs = new ProofChecker();
  readonly #assertions = new Set<string>();
  #nonce = randomBytes(12).toString('base64url');

  constructor(url: () => string) {
    this.#url = url;
  }

  addApiToken(adminRole: AdminRole): string {
    const token = `00${randomBytes(20).toString('hex')}`;
    this.#tokens.set(`SSWS ${token}`, { scopes: null, adminRole, thumbprint: null, expiresAtMs: Infinity });
    return token;
  }

  addServiceApp(options: { scopes: readonly string[]; dpop: boolean; adminRole: AdminRole }): ServiceApp {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const clientId = `0oa${randomBytes(9).toString('hex')}`;
    const kid = randomBytes(6).toString('hex');
    this.#clients.set(clientId, { ...options, publicKey, kid, scopes: new Set(options.scopes) });
    return { clientId, kid, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }

  /** Every token given so far stops working (an org-wide revocation). */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** A new nonce is demanded from now on. */
  turnNonce(): void {
    this.#nonce = randomBytes(12).toString('base64url');
  }

  /**
   * Lets a request pass that has a valid token with the scope. Otherwise it has been answered: 401, an empty 403 with
   * the missing scope, or E0000006 when the owner's role is not enough.
   */
  async admit(
    request: FastifyRequest,
    reply: FastifyReply,
    needs: { readonly scope: string; readonly superAdmin?: boolean; readonly anyRole?: boolean },
  ): Promise<Principal | null> {
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    const principal = this.#tokens.get(`${scheme} ${token}`);
    if (principal === undefined || principal.expiresAtMs <= Date.now()) {
      if (scheme === 'SSWS' || token === '') refuse(reply, 401, 'E0000011');
      else reply.code(401).header('www-authenticate', `${scheme} error="invalid_token"`).send();
      return null;
    }
    if (principal.thumbprint !== null) {
      const url = `${this.#url()}${request.url.split('?', 1)[0]}`;
      const proof = await this.#proofs.check(proofOf(request), { method: request.method, url, accessToken: token });
      if (proof?.thumbprint !== principal.thumbprint) {
        reply.code(401).header('www-authenticate', 'DPoP error="invalid_dpop_proof"').send();
        return null;
      }
    }
    if (principal.scopes !== null && !principal.scopes.has(needs.scope)) {
      const realm = this.#url();
      const resource = request.url.split('?', 1)[0];
      reply
        .code(403)
        .header(
          'www-authenticate',
          `${scheme} authorization_uri="${realm}/oauth2/v1/authorize", realm="${realm}", scope="${needs.scope}", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="${resource}"`,
        )
        .send();
      return null;
    }
    const isEnough =
      needs.anyRole === true ||
      principal.adminRole === 'SUPER_ADMIN' ||
      (principal.adminRole === 'READ_ONLY_ADMIN' && needs.superAdmin !== true);
    if (!isEnough) {
      refuse(reply, 403, 'E0000006');
      return null;
    }
    return principal;
  }

  /** `POST /oauth2/v1/token` */
  async token(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const fail = (status: number, error: string, text: string): FastifyReply =>
      reply.code(status).send({ error, error_description: text });
    const form = formSchema.safeParse(request.body);
    if (!form.success) return fail(400, 'invalid_request', 'A parameter is missing or wrong.');
    const client = await this.#authenticate(form.data.client_assertion);
    if (typeof client === 'string') return fail(401, 'invalid_client', client);

    let thumbprint: string | null = null;
    const proof = proofOf(request);
    if (client.dpop || proof !== undefined) {
      if (proof === undefined) return fail(400, 'invalid_dpop_proof', 'The DPoP proof JWT header is missing.');
      const url = `${this.#url()}/oauth2/v1/token`;
      const checked = await this.#proofs.check(proof, { method: 'POST', url });
      if (checked === null) return fail(400, 'invalid_dpop_proof', 'The DPoP proof JWT is not valid.');
      if (checked.nonce !== this.#nonce) {
        reply.header('dpop-nonce', this.#nonce);
        return fail(400, 'use_dpop_nonce', 'Authorization server requires nonce in DPoP proof.');
      }
      thumbprint = checked.thumbprint;
    }

    const asked = form.data.scope.split(/\s+/).filter((scope) => scope !== '');
    if (asked.some((scope) => !/^okta\.[A-Za-z]+\.(read|manage)$/.test(scope) || UNLICENSED.has(scope))) {
      return fail(400, 'invalid_scope', 'One or more scopes are not configured for the authorization server resource.');
    }
    const granted = asked.filter((scope) => client.scopes.has(scope));
    if (granted.length === 0) return fail(400, 'consent_required', 'You are not allowed any of the requested scopes.');
    const token = randomBytes(24).toString('base64url');
    const type = thumbprint === null ? 'Bearer' : 'DPoP';
    this.#tokens.set(`${type} ${token}`, {
      scopes: new Set(granted),
      adminRole: client.adminRole,
      thumbprint,
      expiresAtMs: Date.now() + 3_600_000,
    });
    return reply.send({ token_type: type, expires_in: 3600, access_token: token, scope: granted.join(' ') });
  }

  async #authenticate(assertion: string): Promise<Client | string> {
    try {
      const claims = z
        .looseObject({ iss: z.string(), sub: z.string(), jti: z.string(), exp: z.number(), iat: z.number() })
        .parse(decodeJwt(assertion));
      const client = this.#clients.get(claims.iss);
      if (client === undefined) return 'Client authentication failed: unknown client.';
      const { kid } = decodeProtectedHeader(assertion);
      if (kid !== undefined && kid !== client.kid) return 'The client_assertion JWT kid is invalid.';
      if (claims.sub !== claims.iss) return "'iss' and 'sub' must be the client id.";
      if (claims.exp - Date.now() / 1000 > 3600)
        return 'The client_assertion token has an expiration too far in the future.';
      if (this.#assertions.has(claims.jti)) return 'The client_assertion token must have a unique jti.';
      await jwtVerify(assertion, client.publicKey, {
        audience: `${this.#url()}/oauth2/v1/token`,
        algorithms: ['ES256'],
        clockTolerance: 5,
      });
      this.#assertions.add(claims.jti);
      return client;
    } catch {
      return 'The client_assertion token is not valid.';
    }
  }
}

/** Scopes of features this org has not bought. */
const UNLICENSED = new Set(['okta.realms.read', 'okta.devices.read']);

function proofOf(request: FastifyRequest): string | undefined {
  const header = request.headers['dpop'];
  return Array.isArray(header) ? header[0] : header;
}
