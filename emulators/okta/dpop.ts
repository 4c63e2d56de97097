import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { z } from 'zod';

const payloadSchema = z.looseObject({
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  jti: z.string().min(1),
  nonce: z.string().optional(),
  ath: z.string().optional(),
});

export interface CheckedProof {
  /** Thumbprint of the key that made it. */
  readonly thumbprint: string;
  readonly nonce: string | undefined;
}

/** Checks DPoP proofs (RFC 9449) and remembers each `jti`, so that none counts twice. */
export class ProofChecker {
  readonly #seen = new Set<string>();

  /** `null` when the proof is missing, forged, stale, used before or made for something else. */
  async check(
    proof: string | undefined,
    wanted: { readonly method: string; readonly url: string; readonly accessToken?: string },
  ): Promise<CheckedProof | null> {
    if (proof === undefined) return null;
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
        clockTolerance: 300,
      });
      const claims = payloadSchema.parse(payload);
      const ath =
        wanted.accessToken === undefined
          ? undefined
          : createHash('sha256').update(wanted.accessToken).digest('base64url');
      const fits =
        claims.htm === wanted.method &&
        claims.htu === wanted.url &&
        claims.ath === ath &&
        Math.abs(Date.now() / 1000 - claims.iat) < 300 &&
        !this.#seen.has(claims.jti);
      if (!fits || protectedHeader.jwk === undefined) return null;
      this.#seen.add(claims.jti);
      return { thumbprint: await calculateJwkThumbprint(protectedHeader.jwk), nonce: claims.nonce };
    } catch {
      return null;
    }
  }
}
