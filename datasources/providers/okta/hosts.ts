/** Host of a URL, lower-case; `null` for anything else. */
export function hostNamed(url: string | null | undefined): string | null {
  if (!url || !URL.canParse(url)) return null;
  return new URL(url).hostname.toLowerCase() || null;
}
