import type { Change } from './company/changes.ts';
import {
  assignApp,
  block,
  changeJumpCloudGroup,
  changeOrganization,
  changeRole,
  changeTorqRole,
  enterGroup,
  quitGroup,
} from './company/changes-access.ts';
import { join, leave, move, promote, suspend } from './company/changes-people.ts';
import { Random } from './company/random.ts';
import type { World } from './world.ts';
import { touchWorld } from './world-version.ts';

const CHANGES: readonly (readonly [Change, weight: number])[] = [
  [join, 8],
  [leave, 5],
  [move, 8],
  [promote, 6],
  [suspend, 8],
  [enterGroup, 16],
  [quitGroup, 12],
  [assignApp, 6],
  [changeJumpCloudGroup, 12],
  [changeRole, 10],
  [changeOrganization, 7],
  [block, 4],
  [changeTorqRole, 3],
];
const TOTAL = CHANGES.reduce((sum, [, weight]) => sum + weight, 0);

/**
 * Changes a little in the world, as a company changes on an ordinary day: somebody joins, moves, leaves, is given a
 * role. References stay whole, stamps (`lastUpdated`, `lastMembershipUpdated`, `updatedAt`) grow, and the treasury,
 * which the demo's questions are about, stays as it is.
 * @param random numbers in [0, 1); a seeded source gives the same changes
 * @param at when it happens, epoch ms; default the present
 */
export function inventChange(world: World, random: () => number, at: number = Date.now()): { sentence: string } {
  const dice = new Random(random);
  for (let i = 0; i < 50; i++) {
    let rest = dice.next() * TOTAL;
    for (const [change, weight] of CHANGES) {
      rest -= weight;
      if (rest >= 0) continue;
      const sentence = change({ world, random: dice, at });
      if (sentence === null) break;
      touchWorld(world);
      return { sentence };
    }
  }
  throw new Error('nothing in this world can change');
}
