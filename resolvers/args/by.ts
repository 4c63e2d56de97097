import { z } from 'zod';
import { AppError } from '../../src/domain/errors.ts';
import { parseArgs } from './parse.ts';

const text = z.string().trim().min(1, 'must not be empty').max(2_048, 'is too long');
const native = z.object({ connector: text, nativeId: text });
const members = {
  id: text,
  email: text,
  employeeNumber: text,
  account: native,
  native,
  userName: z.object({ connector: text, userName: text }),
};

/** The one member of a `by` input, with its name. */
export type By =
  | { readonly by: 'id' | 'email' | 'employeeNumber'; readonly value: string }
  | { readonly by: 'account' | 'native'; readonly value: z.output<typeof native> }
  | { readonly by: 'userName'; readonly value: z.output<typeof members.userName> };

/** @throws AppError `BAD_USER_INPUT` unless exactly one member is given */
export function readBy(input: object): By {
  const given = Object.entries(input).filter(([, value]) => value !== null && value !== undefined);
  const [first] = given;
  if (first === undefined || given.length > 1) {
    const found = given.length === 0 ? 'none' : given.map(([name]) => name).join(' and ');
    throw new AppError('BAD_USER_INPUT', `by: give exactly one member; found ${found}.`, { audience: 'user' });
  }
  const [name, value] = first;
  switch (name) {
    case 'account':
    case 'native':
      return { by: name, value: parseArgs(native, value) };
    case 'userName':
      return { by: name, value: parseArgs(members.userName, value) };
    case 'id':
    case 'email':
    case 'employeeNumber':
      return { by: name, value: parseArgs(members[name], value) };
    default:
      throw new AppError('BAD_USER_INPUT', `by: there is no member ${name}.`, { audience: 'user' });
  }
}
