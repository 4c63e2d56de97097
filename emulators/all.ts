import { startAuth0Emulator } from './auth0.ts';
import { startJumpCloudEmulator } from './jumpcloud.ts';
import type { Emulator } from './kit.ts';
import { startOktaEmulator } from './okta.ts';
import { startTorqEmulator } from './torq.ts';
import type { World } from './world.ts';

/** The four emulators over one world. `connectors` is what a gateway's configuration says of them. */
export interface AllEmulators {
  readonly okta: Awaited<ReturnType<typeof startOktaEmulator>>;
  readonly auth0: Awaited<ReturnType<typeof startAuth0Emulator>>;
  readonly jumpcloud: Awaited<ReturnType<typeof startJumpCloudEmulator>>;
  readonly torq: Awaited<ReturnType<typeof startTorqEmulator>>;
  readonly list: readonly Emulator[];
  connectors(): { id: string; name: string; provider: string; settings: Record<string, unknown> }[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const NAMES: Readonly<Record<string, string>> = { okta: 'Okta', auth0: 'Auth0', jumpcloud: 'JumpCloud', torq: 'Torq' };

/** Starts all four on loopback. `rateLimits` enforces the vendors' limits from the start; default no. */
export async function startAllEmulators(options: { world: World; rateLimits?: boolean }): Promise<AllEmulators> {
  const okta = await startOktaEmulator(options);
  const auth0 = await startAuth0Emulator(options);
  const jumpcloud = await startJumpCloudEmulator(options);
  const torq = await startTorqEmulator(options);
  const list = [okta, auth0, jumpcloud, torq];
  const close = async (): Promise<void> => {
    await Promise.all(list.map((emulator) => emulator.close()));
  };
  return {
    okta,
    auth0,
    jumpcloud,
    torq,
    list,
    connectors: () =>
      list.map(({ name, credentials }) => ({
        id: name,
        name: NAMES[name] ?? name,
        provider: name,
        settings: { ...credentials },
      })),
    close,
    [Symbol.asyncDispose]: close,
  };
}
