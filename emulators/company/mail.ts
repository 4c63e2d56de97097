import { type Person, PRIVATE_DOMAINS } from './model.ts';
import { localPart } from './names.ts';
import type { Random } from './random.ts';

/** The first address of that local part (then with 2, 3 …) that nobody has; it is taken from then on. */
export function freeAddress(local: string, domain: string, taken: Set<string>): string {
  let address = `${local}@${domain}`;
  for (let i = 2; taken.has(address); i++) address = `${local}${i}@${domain}`;
  taken.add(address);
  return address;
}

/** Gives a person an address that nobody else has in that domain, and a private one, both made from the name. */
export function nameMail(person: Person, domain: string, taken: Set<string>, random: Random): void {
  const local = localPart(`${person.given.plain}.${person.family.plain}`);
  person.email = freeAddress(local, domain, taken);
  person.privateEmail = freeAddress(`${local}${random.int(90) + 10}`, random.pick(PRIVATE_DOMAINS), taken);
}

/** The address in the spelling of a system that keeps capitals. */
export function capitalised(email: string): string {
  const [local = '', domain = ''] = email.split('@');
  const words = local.split('.').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('.')}@${domain.charAt(0).toUpperCase()}${domain.slice(1)}`;
}

export const localOf = (email: string): string => email.split('@')[0] ?? '';
