import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../domain/errors.ts';
import { LOOPBACK_VIEWER, type Viewer } from '../domain/viewer.ts';
import type { ApiKey } from './deps.ts';

export interface GateOptions {
  readonly apiKeys: readonly ApiKey[];
  readonly allowedOrigins: readonly string[];
}

/** A proxy that sets one of these would make everybody look local. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'] as const;

/**
 * Who may come in. Without keys: only whoever is at this machine, so the host must be a loopback name (a page that
 * re-binds its own name to 127.0.0.1 has another one) and no proxy may stand before it. With keys: whoever has one,
 * also on loopback. In both, a browser's page must be of this origin or of an allowed one.
 */
export class Gate {
  readonly #keys: readonly { readonly hash: Buffer; readonly viewer: Viewer }[];
  readonly #origins: ReadonlySet<string>;

  constructor(options: GateOptions) {
    this.#keys = options.apiKeys.map(({ name, sha256, role }) => {
      if (!/^[0-9a-f]{64}$/.test(sha256)) {
        throw new AppError('CONFIG_INVALID', `The API key "${name}" needs its SHA-256 as 64 lower-case hex digits.`);
      }
      return { hash: Buffer.from(sha256, 'hex'), viewer: { name, role } };
    });
    this.#origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));
  }

  get needsKey(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * Checks where a request comes from, before anything is read of it.
   * @throws AppError `HOST_REFUSED`, `ORIGIN_REFUSED`
   */
  checkSource(headers: IncomingHttpHeaders): void {
    if (!this.needsKey) {
      const proxied = FORWARDED.find((name) => headers[name] !== undefined);
      if (proxied !== undefined) {
        throw refused('HOST_REFUSED', `Without API keys no proxy may stand before this server (${proxied} is set).`);
      }
      if (!isLoopbackHost(headers.host)) {
        throw refused('HOST_REFUSED', 'Without API keys this server answers only to localhost, 127.0.0.1 and [::1].');
      }
    }
    const { origin } = headers;
    if (origin !== undefined && !this.allowsOrigin(origin, headers.host)) {
      throw refused('ORIGIN_REFUSED', 'Pages of this origin may not call the API; add it to the allowed origins.');
    }
  }

  /** True for the server's own origin and for the allowed ones. */
  allowsOrigin(origin: string, host: string | undefined): boolean {
    if (this.#origins.has(origin.toLowerCase())) return true;
    return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
  }

  /**
   * Who it is.
   * @param credentials  of the headers, or of a WebSocket's `connection_init`
   * @throws AppError `UNAUTHENTICATED`
   */
  identify(credentials: Readonly<Record<string, unknown>>): Viewer {
    if (!this.needsKey) return LOOPBACK_VIEWER;
    const key = keyOf(credentials);
    if (key === null) {
      throw new AppError('UNAUTHENTICATED', 'Send an API key: Authorization: Bearer <key>, or X-Api-Key: <key>.', {
        audience: 'user',
      });
    }
    const hash = createHash('sha256').update(key).digest();
    // All are compared, in constant time each, so that nothing can be learnt from how long it takes.
    let found: Viewer | null = null;
    for (const candidate of this.#keys) if (timingSafeEqual(hash, candidate.hash)) found = candidate.viewer;
    if (found !== null) return found;
    throw new AppError('UNAUTHENTICATED', 'This API key is not (or no longer) valid.', { audience: 'user' });
  }
}

/** True for addresses that only this machine reaches. */
export function isLoopbackAddress(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

/**
 * @throws AppError `LISTEN_REFUSED` for an address that others reach while nobody needs a key
 */
export function assertMayListen(host: string, needsKey: boolean): void {
  if (needsKey || isLoopbackAddress(host)) return;
  throw new AppError(
    'LISTEN_REFUSED',
    `Without API keys the server listens on loopback addresses only, not on ${host}: add a key under apiKeys, or listen on 127.0.0.1.`,
  );
}

/** The last host that was found to be this machine: nearly every request names the same. */
let lastLoopbackHost: string | undefined;

function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  if (host === lastLoopbackHost) return true;
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  if (!isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''))) return false;
  lastLoopbackHost = host;
  return true;
}

function keyOf(credentials: Readonly<Record<string, unknown>>): string | null {
  const read = (name: string): unknown =>
    Object.entries(credentials).find(([candidate]) => candidate.toLowerCase() === name)?.[1];
  const bearer = read('authorization');
  const match = typeof bearer === 'string' ? /^Bearer +([\x21-\x7e]{1,512})$/i.exec(bearer) : null;
  if (match !== null) return match[1]!;
  const plain = read('x-api-key') ?? read('apikey');
  return typeof plain === 'string' && plain !== '' && plain.length <= 512 ? plain : null;
}

function refused(code: string, message: string): AppError {
  return new AppError(code, message, { audience: 'user' });
}
