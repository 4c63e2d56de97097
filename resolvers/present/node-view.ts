import { known, type OrUnknown } from '../../schema/types/enums.ts';
import type { GraphNode } from '../../schema/types/node.ts';
import { NOT_LIVE_NODE, NodeFlag } from '../../src/domain/flags.ts';
import { opaqueId } from '../../src/domain/keys.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { ACCOUNT_ENTRIES, ACCOUNT_STATUSES, PRINCIPAL_TYPES } from '../../src/domain/properties.ts';
import type { StoredNode } from '../../src/ports/graph-store.ts';
import { emailsOf, federatedSubjectsOf, personNameOf, primaryEmailOf } from './person.ts';
import { booleanOf, dateOf, intOf, objectOf, textOf, textsOf } from './read-json.ts';

/** A node as the API gives it: every plain field of its GraphQL type, and what the resolvers of its lists need. */
export interface NodeView extends GraphNode {
  readonly __typename: NodeKind;
  /** Of the store; never leaves the process. */
  readonly nodeId: number;
  readonly record: StoredNode;
}

const views = new WeakMap<StoredNode, NodeView>();

/** The view of a record; one for each record object, so a cached record is not presented twice. */
export function presentNode(record: StoredNode): NodeView {
  const before = views.get(record);
  if (before) return before;
  const view: NodeView = { ...common(record), ...presenters[record.kind](record) };
  views.set(record, view);
  return view;
}

function common(record: StoredNode): NodeView {
  return {
    __typename: record.kind,
    nodeId: record.id,
    record,
    id: opaqueId(record.key),
    key: record.key,
    kind: record.kind,
    name: record.name,
    nativeId: record.nativeId,
    connectorId: record.connector,
    isLive: (record.flags & NOT_LIVE_NODE) === 0,
    isExpired: (record.flags & NodeFlag.EXPIRED) !== 0,
    isRemoved: record.removed,
    firstSeenAt: dateOf(record.firstSeenAt),
    changedAt: dateOf(record.changedAt),
    properties: record.properties,
  };
}

function openType(record: StoredNode): OrUnknown<string> {
  return textOf(record.properties['type']) ?? 'UNKNOWN';
}

const presenters: Readonly<Record<NodeKind, (record: StoredNode) => object>> = {
  Identity: (record) => {
    const p = record.properties;
    return {
      type: known(PRINCIPAL_TYPES, p['type']),
      displayName: textOf(p['displayName']),
      personName: personNameOf(p['name']),
      email: primaryEmailOf(p['emails']),
      emails: emailsOf(p['emails']),
      employeeNumber: textOf(p['employeeNumber']),
      department: textOf(p['department']),
      title: textOf(p['title']),
      active: booleanOf(p['active']),
      accountCount: intOf(p['accountCount']) ?? 0,
      connectorIds: textsOf(p['connectors']),
    };
  },
  Account: (record) => {
    const p = record.properties;
    return {
      userName: textOf(p['userName']),
      displayName: textOf(p['displayName']),
      personName: personNameOf(p['name']),
      email: primaryEmailOf(p['emails']),
      emails: emailsOf(p['emails']),
      phoneNumbers: textsOf(p['phoneNumbers']),
      status: known(ACCOUNT_STATUSES, p['status']),
      nativeStatus: textOf(p['nativeStatus']),
      active: booleanOf(p['active']),
      type: known(PRINCIPAL_TYPES, p['type']),
      accountClass: textOf(p['accountClass']),
      entry: known(ACCOUNT_ENTRIES, p['entry']),
      employeeNumber: textOf(p['employeeNumber']),
      department: textOf(p['department']),
      title: textOf(p['title']),
      userType: textOf(p['userType']),
      mfaEnrolled: booleanOf(p['mfaEnrolled']),
      lockedOut: booleanOf(p['lockedOut']),
      createdAt: dateOf(p['createdAt']),
      lastLoginAt: dateOf(p['lastLoginAt']),
      federatedSubjects: federatedSubjectsOf(p['federatedSubjects']),
      pictureUrl: textOf(p['pictureUrl']),
    };
  },
  Group: (record) => {
    const p = record.properties;
    const upstream = objectOf(p['upstream']);
    return {
      type: openType(record),
      description: textOf(p['description']),
      rule: textOf(p['rule']),
      memberCount: intOf(p['memberCount']),
      createdAt: dateOf(p['createdAt']),
      externalId: textOf(p['externalId']),
      upstream: upstream && {
        strategy: textOf(upstream['strategy']) ?? 'UNKNOWN',
        domain: textOf(upstream['domain']),
        issuer: textOf(upstream['issuer']),
      },
    };
  },
  Role: (record) => {
    const p = record.properties;
    return {
      type: openType(record),
      description: textOf(p['description']),
      scope: textOf(p['scope']),
      isCustom: booleanOf(p['isCustom']),
    };
  },
  Organization: (record) => {
    const p = record.properties;
    return {
      type: openType(record),
      displayName: textOf(p['displayName']),
      description: textOf(p['description']),
      url: textOf(p['url']),
      logoUrl: textOf(p['logoUrl']),
      domains: textsOf(p['domains']),
      createdAt: dateOf(p['createdAt']),
    };
  },
  Application: (record) => {
    const p = record.properties;
    const signOn = objectOf(p['signOn']);
    return {
      type: openType(record),
      label: textOf(p['label']),
      catalogName: textOf(p['catalogName']),
      description: textOf(p['description']),
      nativeStatus: textOf(p['status']),
      active: booleanOf(p['active']),
      url: textOf(p['url']),
      logoUrl: textOf(p['logoUrl']),
      audience: textOf(p['audience']),
      signOn: signOn && {
        mode: textOf(signOn['mode']),
        clientId: textOf(signOn['clientId']),
        acsUrl: textOf(signOn['acsUrl']),
        audience: textOf(signOn['audience']),
        ssoUrl: textOf(signOn['ssoUrl']),
        redirectUris: textsOf(signOn['redirectUris']),
      },
      createdAt: dateOf(p['createdAt']),
    };
  },
  Permission: (record) => {
    const p = record.properties;
    return {
      value: textOf(p['value']) ?? record.name,
      description: textOf(p['description']),
      audience: textOf(p['audience']),
    };
  },
  Credential: (record) => {
    const p = record.properties;
    return {
      type: openType(record),
      createdAt: dateOf(p['createdAt']),
      expiresAt: dateOf(p['expiresAt']),
      lastUsedAt: dateOf(p['lastUsedAt']),
    };
  },
};
