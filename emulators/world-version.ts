import type { World } from './world.ts';

const versions = new WeakMap<World, number>();

/** Grows with every {@link touchWorld}; emulators keep sorted lists for as long as it stays. */
export function worldVersion(world: World): number {
  return versions.get(world) ?? 0;
}

/** Call after changing a world's maps or records by hand, or lists may be served from memory. Admin changes call it themselves. */
export function touchWorld(world: World): void {
  versions.set(world, worldVersion(world) + 1);
}
