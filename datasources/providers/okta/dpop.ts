import { createHash, randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { Clock } from '../../../src/ports/clock.ts';

/** Makes DPoP proofs (RFC 9449) with one key that lives as long as the session. RSA: an EC key is reported to fail with Okta. */
export class DpopProver {
  readonly #clock: Clock;
  readonly #privateKey: CryptoKey;
  readonly #jwk: JWK;

  private constructor(clock: Clock, privateKey: CryptoKey, jwk: JWK) {
    this.#clock = clock;
    this.#privateKey = privateKey;
    this.#jwk = jwk;
  }

  static async create(clock: Clock): Promise<DpopProver> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    return new DpopProver(clock, privateKey, await exportJWK(publicKey));
  }

  /** A proof for one request: its method and URL (query and fragment do not count), and the token it goes with. */
  async proof(request: {
    readonly method: string;
    readonly url: URL;
    readonly nonce?: string | undefined;
    readonly accessToken?: string | undefined;
  }): Promise<string> {
    const claims = {
      htm: request.method,
      htu: `${request.url.origin}${request.url.pathname}`,
      jti: randomUUID(),
      ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
      ...(request.accessToken === undefined
        ? {}
        : { ath: createHash('sha256').update(request.accessToken).digest('base64url') }),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'RS256', jwk: this.#jwk })
      .setIssuedAt(Math.floor(this.#clock.now() / 1000))
      .sign(this.#privateKey);
  }
}
