import { describe, expect, it } from 'vitest';
import { companyHighlights } from '../../../emulators/company/highlights.ts';
import { Random } from '../../../emulators/company/random.ts';
import { createCompany } from '../../../emulators/company.ts';
import { inventChange } from '../../../emulators/drift.ts';
import type { World } from '../../../emulators/world.ts';
import { worldVersion } from '../../../emulators/world-version.ts';
import { worldProblems } from '../../support/world-problems.ts';

const start = Date.parse('2026-09-01T00:00:00.000Z');

function drifted(count: number, seed: number) {
  const company = createCompany({ size: 'S' });
  const dice = Random.seeded(seed, 'drift');
  const sentences = Array.from(
    { length: count },
    (_, i) => inventChange(company.world, () => dice.next(), start + i).sentence,
  );
  return { ...company, sentences };
}

describe('invented changes', () => {
  it('keep every reference whole and leave the highlights as they are', () => {
    const before = createCompany({ size: 'S' });
    const { world, truth } = drifted(600, 1);
    expect(worldProblems(world)).toEqual([]);
    expect(companyHighlights(world, truth)).toEqual({
      ...companyHighlights(before.world, before.truth),
      biggestOktaAppId: expect.any(String),
    });
  });

  it('leave the accounts of the treasury alone', () => {
    const accounts = ({ okta, auth0 }: World) => {
      const mine = [...okta.users.values()].filter((user) => user.department === 'Treasury');
      const emails = new Set(mine.map((user) => user.email));
      return [mine, [...auth0.users.values()].filter((user) => emails.has(user.email ?? ''))];
    };
    expect(accounts(drifted(600, 2).world)).toEqual(accounts(createCompany({ size: 'S' }).world));
  });

  it('are the same for the same chance, and of many kinds', () => {
    const { sentences } = drifted(200, 7);
    expect(drifted(200, 7).sentences).toEqual(sentences);
    expect(new Set(sentences).size).toBeGreaterThan(150);
    for (const word of [
      'joins',
      'leaves the company',
      'moves from',
      'suspends',
      'Okta group',
      'JumpCloud',
      'Auth0',
      'Torq',
    ]) {
      expect(sentences.some((sentence) => sentence.includes(word))).toBe(true);
    }
  });

  it('change the world each time and say so to whoever keeps lists', () => {
    const { world } = createCompany({ size: 'S' });
    const dice = Random.seeded(3, 'drift');
    const text = () => JSON.stringify(world, (_, one) => (one instanceof Map || one instanceof Set ? [...one] : one));
    for (let i = 0; i < 12; i++) {
      const [before, version] = [text(), worldVersion(world)];
      const { sentence } = inventChange(world, () => dice.next(), start);
      expect(text(), sentence).not.toBe(before);
      expect(worldVersion(world)).toBe(version + 1);
    }
  });

  it('move the stamps of changed users forward even when the clock is behind', () => {
    const { world } = createCompany({ size: 'S' });
    const before = new Map([...world.okta.users.values()].map((user) => [user.id, { ...user }]));
    const dice = Random.seeded(5, 'drift');
    for (let i = 0; i < 300; i++) inventChange(world, () => dice.next(), 0);
    const changed = [...world.okta.users.values()].filter((user) => {
      const old = before.get(user.id);
      return old !== undefined && (old.status !== user.status || old.title !== user.title);
    });
    expect(changed.length).toBeGreaterThan(10);
    for (const user of changed) {
      expect(Date.parse(user.lastUpdated)).toBeGreaterThan(Date.parse(before.get(user.id)?.lastUpdated ?? ''));
    }
  });
});
