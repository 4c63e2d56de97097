import type { Email, FederatedSubject, PersonName } from '../../schema/types/person.ts';
import type { Json } from '../../src/domain/json.ts';
import { booleanOf, objectOf, objectsOf, textOf } from './read-json.ts';

/** Addresses in stored order; the ones without a value are left out. */
export function emailsOf(value: Json | undefined): readonly Email[] {
  return objectsOf(value).flatMap((email) => {
    const address = textOf(email['value']);
    if (address === null) return [];
    return [
      {
        value: address,
        type: textOf(email['type']),
        primary: booleanOf(email['primary']) ?? false,
        verified: booleanOf(email['verified']),
        directorySet: booleanOf(email['directorySet']) ?? false,
      },
    ];
  });
}

/** The primary address, else the first one. */
export function primaryEmailOf(value: Json | undefined): string | null {
  const emails = emailsOf(value);
  return (emails.find((email) => email.primary) ?? emails[0])?.value ?? null;
}

export function personNameOf(value: Json | undefined): PersonName | null {
  const name = objectOf(value);
  return (
    name && {
      givenName: textOf(name['givenName']),
      familyName: textOf(name['familyName']),
      formatted: textOf(name['formatted']),
    }
  );
}

export function federatedSubjectsOf(value: Json | undefined): readonly FederatedSubject[] {
  return objectsOf(value).map((subject) => ({
    connectionId: textOf(subject['connectionId']) ?? '',
    connectionName: textOf(subject['connectionName']),
    subject: textOf(subject['subject']) ?? '',
    subjectType: textOf(subject['subjectType']) ?? 'id',
  }));
}
