import { AppError, UPSTREAM_CODES } from '../../src/domain/errors.ts';

/**
 * The URL of a request below `base`: a path with a leading slash is joined to it, an absolute URL (a `next` link) must
 * have its origin.
 * @throws AppError `UPSTREAM_INVALID` for another origin or no URL, `UPSTREAM_REJECTED` for a path that climbs
 */
export function targetUrl(
  base: URL,
  request: {
    readonly path: string;
    readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  },
  connector: string,
): URL {
  const refuse = (code: string, message: string): AppError =>
    new AppError(code, `${connector}: ${message}`, { connector });
  let url: URL;
  try {
    url = /^\/(?![/\\])/.test(request.path)
      ? new URL(`${base.origin}${base.pathname.replace(/\/$/, '')}${request.path}`)
      : new URL(request.path);
  } catch {
    throw refuse(UPSTREAM_CODES.INVALID, 'a link of the provider is not a URL.');
  }
  if (url.origin !== base.origin || url.username !== '' || url.password !== '') {
    throw refuse(
      UPSTREAM_CODES.INVALID,
      'a link leads away from the configured address of the provider; it is not followed.',
    );
  }
  // `new URL` has resolved them by now, so an id that is `..` must be caught in the text.
  if (/(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\]|$)/i.test(request.path.replace(/[?#].*$/s, ''))) {
    throw refuse(UPSTREAM_CODES.REJECTED, 'an id in the path of a request is not usable.');
  }
  for (const [key, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url;
}
