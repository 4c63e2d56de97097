import { isIP } from 'node:net';
import { AppError, UPSTREAM_CODES } from '../../src/domain/errors.ts';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const LOCAL_SUFFIX = /(?:^|\.)(?:localhost|local|internal|localdomain|home\.arpa)$/;

/** True for a URL on this machine: what tests and the demo use. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.has(url.hostname);
}

/**
 * The address of a provider, from what an admin pasted: scheme optional, path, query, trailing slash and port 443 gone.
 * `path` keeps the pasted path when the provider needs one.
 * Refuses what could turn the gateway against its own network: IP literals, names without a dot, local names,
 * user-info, anything but https. `allowLoopback` (tests, demo) lets plain HTTP on a loopback address through.
 * @throws AppError `UPSTREAM_MISCONFIGURED` (audience operator); the message never repeats the value
 */
export function baseUrl(
  pasted: string,
  options: { readonly allowLoopback: boolean; readonly keepPath?: boolean },
): URL {
  const text = pasted.trim();
  const refuse = (why: string): AppError =>
    new AppError(UPSTREAM_CODES.MISCONFIGURED, `The address of the provider ${why}. Check the connector's settings.`);
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
  } catch {
    throw refuse('is not a host name or URL');
  }
  if (url.username !== '' || url.password !== '') throw refuse('must not hold a user name or password');
  if (!options.keepPath) url.pathname = '/';
  url.pathname = url.pathname.replace(/\/+$/, '');
  url.search = '';
  url.hash = '';
  if (options.allowLoopback && isLoopback(url) && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  if (url.protocol !== 'https:') throw refuse('must be https');
  const host = url.hostname.replace(/\.$/, '');
  if (host.startsWith('[') || isIP(host) !== 0) throw refuse('must be a host name, not an IP address');
  if (!host.includes('.') || LOCAL_SUFFIX.test(host)) throw refuse('must be a public host name');
  url.hostname = host;
  return url;
}
