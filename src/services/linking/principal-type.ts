import type { AccountProperties, PrincipalType } from '../../domain/properties.ts';

const WORKLOAD = /^(svc|service|srv|sa|bot|robot|api|daemon|cron|ci|automation|integration|system|sys)[-_.\d]/i;
const SEVERAL_PEOPLE =
  /^(shared|team|info|support|sales|helpdesk|reception|frontdesk|kiosk|noreply|no-reply|office)([-_.@\d]|$)/i;

/**
 * A person, a workload, or a log-in of several people. What the provider says wins; otherwise an account without an
 * employee number is judged by its log-in name (`svc-backup`, `reception@…`). Service and shared accounts are
 * never linked to a person.
 */
export function principalType(properties: AccountProperties, name: string): PrincipalType {
  if (properties.type === 'SERVICE' || properties.type === 'SHARED') return properties.type;
  if (properties.employeeNumber) return 'HUMAN';
  const login = properties.userName ?? properties.emails?.[0]?.value ?? name;
  if (WORKLOAD.test(login)) return 'SERVICE';
  if (SEVERAL_PEOPLE.test(login)) return 'SHARED';
  return properties.type;
}
