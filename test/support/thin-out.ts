import type { AllEmulators } from '../../emulators/all.ts';

/**
 * Takes four of five people out of the company before anybody has read it, each with everything that hangs on them, for
 * tests that read it again and again.
 */
export function thinOut({ okta, auth0, jumpcloud }: AllEmulators): void {
  const { world } = okta;
  const most = (ids: Iterable<string>): string[] => [...ids].filter((_, n) => n % 5 !== 0);
  for (const userId of most(world.okta.users.keys())) okta.change('deleteUser', { userId });
  for (const userId of most(world.auth0.users.keys())) auth0.change('deleteUser', { userId });
  for (const userId of most(world.jumpcloud.users.keys())) jumpcloud.change('deleteUser', { userId });
}
