import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';

export interface SigningKey {
  readonly key: KeyObject;
  readonly alg: 'RS256' | 'ES256' | 'ES384' | 'ES512';
  /** From the JWK, when it names one. */
  readonly kid: string | undefined;
}

const CURVES: Readonly<Record<string, SigningKey['alg']>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};
const jwkSchema = z.looseObject({ kty: z.enum(['RSA', 'EC']), d: z.string(), kid: z.string().optional() });

/**
 * The private key of a service app, from what an admin pasted: PEM (also with `\n` as text or all on one line) or JWK.
 * @throws AppError `UPSTREAM_MISCONFIGURED`, without any part of the key
 */
export function readPrivateKey(pasted: string): SigningKey {
  const text = pasted.trim();
  try {
    if (text.startsWith('{')) {
      const jwk = jwkSchema.parse(JSON.parse(text));
      return { ...withAlgorithm(createPrivateKey({ key: jwk, format: 'jwk' })), kid: jwk.kid };
    }
    return { ...withAlgorithm(createPrivateKey(repairPem(text))), kid: undefined };
  } catch {
    throw new AppError(
      UPSTREAM_CODES.MISCONFIGURED,
      'The private key cannot be read. Paste the whole PEM (from BEGIN to END) or the JWK with its private part; RSA and EC keys work.',
    );
  }
}

function withAlgorithm(key: KeyObject): { key: KeyObject; alg: SigningKey['alg'] } {
  if (key.asymmetricKeyType === 'rsa') return { key, alg: 'RS256' };
  const alg = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || alg === undefined) throw new Error('unsupported key');
  return { key, alg };
}

function repairPem(text: string): string {
  const lines = text.replaceAll('\\r', '').replaceAll('\\n', '\n');
  const match = /-----BEGIN ([A-Z ]+)-----([\s\S]+?)-----END \1-----/.exec(lines);
  if (match === null) throw new Error('no PEM');
  const body = (match[2] ?? '').replace(/\s+/g, '');
  return `-----BEGIN ${match[1]}-----\n${body.replace(/(.{64})/g, '$1\n').trim()}\n-----END ${match[1]}-----\n`;
}
