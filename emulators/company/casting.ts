import { freeAddress, nameMail } from './mail.ts';
import { CONTRACTOR_DOMAINS, type ContractorKind, days, LABS_DOMAIN, MAIN_DOMAIN, NOW, type Person } from './model.ts';
import { inventFamilyName, localPart } from './names.ts';
import type { Random } from './random.ts';

/** Two people that a careless linker would take for one. */
export interface Double {
  readonly kind: 'namesake' | 'twin' | 'recycled-email' | 'number-collision';
  readonly a: Person;
  readonly b: Person;
}

const CONTRACTORS: readonly (readonly [ContractorKind, number])[] = [
  ['AUTH0_DATABASE', 0.44],
  ['JUMPCLOUD', 0.2],
  ['JUMPCLOUD_INTO_AUTH0', 0.16],
  ['JUMPCLOUD_INTO_OKTA', 0.1],
  ['PARTNER_CONNECTION', 0.07],
  ['PRIVATE_MAIL', 0.03],
];

/** Hands out the parts that make linking hard, each to people who play no other. */
export function castParts(people: readonly Person[], taken: Set<string>, random: Random): Double[] {
  const free = random.shuffled(people.filter((person) => person.tags.size === 0));
  const draw = (share: number, atLeast: number): Person[] =>
    free.splice(0, Math.max(atLeast, Math.round(share * people.length)));

  castContractors(draw(0.08, 12), taken, random);
  for (const person of draw(0.04, 12)) makeLeaver(person, random);
  for (const person of draw(0.025, 6)) marry(person, taken, random);
  for (const person of draw(0.025, 6)) {
    person.formerEmail = freeAddress(person.email.split('@')[0] ?? '', LABS_DOMAIN, taken);
    person.tags.add('second-domain');
  }
  for (const person of draw(0.003, 3)) person.tags.add('rehire');
  for (const person of draw(0.01, 6)) person.tags.add('missing-name');
  for (const person of draw(0.06, 12)) person.tags.add('mail-case');
  for (const person of draw(0.03, 6)) person.tags.add('no-employee-number');
  return [
    ...castRecycled(draw(0.002, 6), taken, random),
    ...castNamesakes(draw(0.008, 12), taken, random),
    ...castTwins(draw(0.002, 4), people, taken, random),
    ...castNumberCollisions(people, random),
  ];
}

function castContractors(chosen: readonly Person[], taken: Set<string>, random: Random): void {
  chosen.forEach((person, i) => {
    let rest = (i + 0.5) / chosen.length;
    const kind = CONTRACTORS.find(([, share]) => {
      rest -= share;
      return rest < 0;
    });
    person.kind = 'CONTRACTOR';
    person.contractor = kind?.[0] ?? 'JUMPCLOUD';
    person.title = `Contractor, ${person.department.name}`;
    person.employeeNumber = `C-${90000 + i}`;
    nameMail(person, random.pick(CONTRACTOR_DOMAINS), taken, random);
    person.tags.add('contractor');
  });
}

function makeLeaver(person: Person, random: Random): void {
  person.kind = 'LEAVER';
  person.leftAt = NOW - days(5 + random.next() * 500);
  person.hiredAt = Math.min(person.hiredAt, person.leftAt - days(90));
  person.tags.add('leaver');
}

/** A new family name and address; JumpCloud and old log-ins keep the former ones. */
function marry(person: Person, taken: Set<string>, random: Random): void {
  person.formerFamily = person.family;
  person.formerEmail = person.email;
  while (person.family.plain === person.formerFamily.plain) person.family = inventFamilyName(random);
  const { privateEmail } = person;
  nameMail(person, MAIN_DOMAIN, taken, random);
  person.privateEmail = privateEmail;
  person.tags.add('name-change');
}

/** A leaver's address was given to somebody hired later: half of them have the same name, too. */
function castRecycled(chosen: readonly Person[], taken: Set<string>, random: Random): Double[] {
  const doubles: Double[] = [];
  for (let i = 0; i + 1 < chosen.length; i += 2) {
    const a = chosen[i] as Person;
    const b = chosen[i + 1] as Person;
    makeLeaver(a, random);
    b.hiredAt = (a.leftAt ?? NOW) + Math.floor(random.next() * (NOW - (a.leftAt ?? NOW)) * 0.9);
    b.family = a.family;
    if (i % 4 === 0) b.given = a.given;
    else a.email = freeAddress(localPart(`${a.given.plain.charAt(0)}.${a.family.plain}`), MAIN_DOMAIN, taken);
    b.email = a.email;
    a.tags.add('recycled-email-before');
    b.tags.add('recycled-email-after');
    doubles.push({ kind: 'recycled-email', a, b });
  }
  return doubles;
}

/** Every other pair works in one department. */
function castNamesakes(chosen: readonly Person[], taken: Set<string>, random: Random): Double[] {
  const doubles: Double[] = [];
  for (let i = 0; i + 1 < chosen.length; i += 2) {
    const a = chosen[i] as Person;
    const near = chosen.find((other, j) => j > i + 1 && other.department === a.department && other.tags.size === 0);
    const b = i % 4 === 0 && near !== undefined ? near : (chosen[i + 1] as Person);
    if (a.tags.size > 0 || b.tags.size > 0) continue;
    b.given = a.given;
    b.family = a.family;
    nameMail(b, MAIN_DOMAIN, taken, random);
    a.tags.add('namesake');
    b.tags.add('namesake');
    doubles.push({ kind: 'namesake', a, b });
  }
  return doubles;
}

/** Brothers and sisters with one family name, one initial, one office. */
function castTwins(chosen: readonly Person[], people: readonly Person[], taken: Set<string>, random: Random): Double[] {
  const doubles: Double[] = [];
  for (let i = 0; i + 1 < chosen.length; i += 2) {
    const a = chosen[i] as Person;
    const b = chosen[i + 1] as Person;
    const initial = a.given.plain.charAt(0);
    const sibling = people.find(
      (one) => one !== a && one.given.plain.charAt(0) === initial && one.given.plain !== a.given.plain,
    );
    if (sibling === undefined) continue;
    b.given = sibling.given;
    b.family = a.family;
    b.location = a.location;
    b.hiredAt = a.hiredAt + random.int(1000);
    for (const person of [a, b]) {
      nameMail(person, MAIN_DOMAIN, taken, random);
      person.email = freeAddress(localPart(`${initial}.${a.family.plain}`), MAIN_DOMAIN, taken);
      person.tags.add('twin');
    }
    doubles.push({ kind: 'twin', a, b });
  }
  return doubles;
}

/** A contractor's number is an employee's with another letter in front. */
function castNumberCollisions(people: readonly Person[], random: Random): Double[] {
  const contractors = people.filter((one) => one.contractor === 'JUMPCLOUD');
  const employees = people.filter((one) => one.kind === 'EMPLOYEE' && one.tags.size === 0);
  const doubles: Double[] = [];
  for (const b of contractors.slice(0, Math.max(2, Math.floor(contractors.length / 4)))) {
    const a = random.pick(employees);
    const parts = new Set([a.given.plain, a.family.plain]);
    if (parts.has(b.given.plain) || parts.has(b.family.plain)) continue;
    b.employeeNumber = `C-${a.employeeNumber}`;
    doubles.push({ kind: 'number-collision', a, b });
  }
  return doubles;
}
