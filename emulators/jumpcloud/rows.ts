import { randomBytes } from 'node:crypto';
import type {
  JumpCloudAdmin,
  JumpCloudApp,
  JumpCloudDirectory,
  JumpCloudGroup,
  JumpCloudRadius,
  JumpCloudUser,
  JumpCloudWorld,
} from '../world.ts';
import type { Row } from './listing.ts';

/** Secrets that the real API hands out beside the facts; made at run time so that tests can look for them afterwards. */
export class PlantedSecrets {
  readonly idpPrivateKey = ['-----BEGIN PRIVATE', `KEY-----\n${randomBytes(96).toString('base64')}\n`].join(' ');
  readonly radiusSecret = randomBytes(18).toString('base64url');
  readonly publicKey = ['ssh-ed25519', randomBytes(32).toString('base64')].join(' ');

  all(): readonly string[] {
    return [this.idpPrivateKey, this.radiusSecret, this.publicKey];
  }
}

/** How the records of the world look on the wire. Unset texts are `""` or `null`, as in recorded answers. */
export class JumpCloudRows {
  readonly #world: JumpCloudWorld;
  readonly #secrets: PlantedSecrets;

  constructor(world: JumpCloudWorld, secrets: PlantedSecrets) {
    this.#world = world;
    this.#secrets = secrets;
  }

  user(user: JumpCloudUser): Row {
    const admin = user.adminId === null ? undefined : this.#world.admins.get(user.adminId);
    const roleNames = admin === undefined ? [] : this.#roleNames(admin);
    const enrolled = user.mfaConfigured ? 'ENROLLED' : 'NOT_ENROLLED';
    return {
      _id: user.id,
      id: user.id,
      organization: this.#world.orgId,
      username: user.username,
      email: user.email,
      alternateEmail: user.alternateEmail ?? '',
      firstname: user.firstname ?? '',
      middlename: '',
      lastname: user.lastname ?? '',
      displayname: user.displayname ?? '',
      state: user.state,
      activated: user.activated,
      suspended: user.state === 'SUSPENDED',
      account_locked: user.accountLocked,
      account_locked_date: null,
      badLoginAttempts: 0,
      password_expired: user.passwordExpired,
      password_never_expires: false,
      totp_enabled: user.mfaConfigured,
      enable_user_portal_multifactor: true,
      mfa: { configured: user.mfaConfigured, exclusion: false },
      mfaEnrollment: {
        overallStatus: enrolled,
        totpStatus: enrolled,
        webAuthnStatus: 'NOT_ENROLLED',
        pushStatus: 'NOT_ENROLLED',
        smsStatus: 'NOT_ENROLLED',
        jcGoStatus: 'NOT_ENROLLED',
      },
      admin: admin === undefined ? null : { id: admin.id, roleName: shownRole(roleNames), roleNames },
      manager: user.manager,
      employeeIdentifier: user.employeeIdentifier,
      employeeType: user.employeeType ?? '',
      company: user.company ?? '',
      costCenter: '',
      department: user.department ?? '',
      jobTitle: user.jobTitle ?? '',
      location: user.location ?? '',
      description: '',
      attributes: [],
      addresses: [],
      phoneNumbers: [],
      relationships: [],
      externally_managed: false,
      external_dn: '',
      external_source_type: '',
      created: user.created,
      public_key: this.#secrets.publicKey,
      ssh_keys: [],
      sudo: false,
      tags: [],
    };
  }

  admin(admin: JumpCloudAdmin): Row {
    const roleNames = this.#roleNames(admin);
    return {
      _id: admin.id,
      id: admin.id,
      email: admin.email,
      firstname: admin.firstname ?? '',
      lastname: admin.lastname ?? '',
      role: admin.roleIds[0] ?? null,
      roleName: shownRole(roleNames),
      roles: admin.roleIds,
      roleNames,
      suspended: admin.suspended,
      enableMultiFactor: true,
      totpEnrolled: admin.totpEnrolled,
      apiKeyAllowed: true,
      apiKeySet: false,
      provider: null,
      organization: this.#world.orgId,
      created: admin.created,
      sessionCount: 3,
    };
  }

  role(id: string): Row {
    const role = this.#world.roles.get(id);
    return { ...role, providerId: '', organizationIds: [], createdBy: '', lastUpdatedBy: '' };
  }

  group(group: JumpCloudGroup): Row {
    const isDynamic = group.membershipMethod.startsWith('DYNAMIC');
    return {
      id: group.id,
      type: 'user_group',
      name: group.name,
      description: group.description ?? '',
      email: '',
      membershipMethod: group.membershipMethod,
      memberQuery: isDynamic ? { queryType: 'FilterQuery', filters: group.rule } : null,
      memberQueryExemptions: [],
      memberQueryErrorFlags: [],
      memberSuggestionsNotify: false,
      suggestionCounts: { add: 0, remove: 0, total: 0 },
      attributes: null,
      organizationObjectId: this.#world.orgId,
    };
  }

  /** `config` holds a private key, as the real answer does when nobody narrows it with `fields`. */
  app(app: JumpCloudApp): Row {
    const setting = (label: string, value: string): Row => ({ label, type: 'text', value, visible: true, position: 0 });
    return {
      _id: app.id,
      id: app.id,
      organization: this.#world.orgId,
      name: app.name,
      displayName: app.displayName,
      displayLabel: app.displayLabel,
      description: app.description ?? '',
      active: app.active,
      beta: false,
      color: '',
      logo: { url: app.logoUrl ?? '', color: '' },
      ssoUrl: app.ssoUrl ?? '',
      learnMore: '',
      created: app.created,
      parentApp: '',
      databaseAttributes: [],
      sso: app.ssoType === null ? null : { type: app.ssoType, jit: false, beta: false, hidden: false },
      config: { idpPrivateKey: setting('IdP Private Key', this.#secrets.idpPrivateKey) },
    };
  }

  directory(directory: JumpCloudDirectory): Row {
    const { id, type, name, defaultDomain } = directory;
    const domain = defaultDomain === null ? {} : { defaultDomain: { id, domain: defaultDomain } };
    return { id, type, name, organizationId: this.#world.orgId, ...domain };
  }

  ldapServer(directory: JumpCloudDirectory): Row {
    const { id, name } = directory;
    return { id, name, userLockoutAction: 'disable', userPasswordExpirationAction: 'disable' };
  }

  radius(server: JumpCloudRadius): Row {
    return {
      _id: server.id,
      id: server.id,
      organization: this.#world.orgId,
      name: server.name,
      networkSourceIp: server.networkSourceIp,
      sharedSecret: this.#secrets.radiusSecret,
      mfa: server.mfa,
      authIdp: 'JUMPCLOUD',
      userLockoutAction: 'REMOVE',
      userPasswordExpirationAction: 'REMOVE',
      tagNames: [],
      tags: [],
    };
  }

  serviceAccount(id: string): Row {
    const account = this.#world.serviceAccounts.get(id);
    const role = account === undefined ? undefined : this.#world.roles.get(account.roleId);
    const expiry = account?.expiresAt == null ? {} : { expiresAt: account.expiresAt };
    return {
      objectId: id,
      name: account?.name,
      orgId: this.#world.orgId,
      orgCount: 1,
      roleId: account?.roleId,
      roleName: role?.name ?? '',
      authType: account?.authType,
      status: account?.status,
      createdAt: account?.createdAt,
      ...expiry,
      authConfigList: [],
    };
  }

  organization(): Row {
    const { orgId, displayName } = this.#world;
    return { _id: orgId, id: orgId, displayName, logoUrl: null, created: '2019-01-01T00:00:00.000Z' };
  }

  #roleNames(admin: JumpCloudAdmin): string[] {
    return admin.roleIds.map((id) => this.#world.roles.get(id)?.name ?? id);
  }
}

/** Somebody with several roles is shown as "Multi Role". */
function shownRole(names: readonly string[]): string {
  return names.length > 1 ? 'Multi Role' : (names[0] ?? '');
}
