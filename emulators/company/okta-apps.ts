import type { OktaApp, OktaUser } from '../world.ts';
import { type Company, grown } from './build.ts';
import { COMPANY_NAME, days, iso, MAIN_DOMAIN, NOW } from './model.ts';
import { type OktaGroups, staffOf } from './okta-groups.ts';

const EVERYBODY = ['Mail', 'Calendar', 'Chat', 'Wiki', 'Expenses', 'Travel', 'Learning', 'Video', 'Files', 'Help Desk'];
const MAKERS =
  'Granite Harbor Copper Lumen Nectar Orbit Pillar Ripple Summit Thistle Velvet Walnut Anchor Beacon Cobalt Drift'.split(
    ' ',
  );
const PURPOSES =
  'CRM Ledger Tickets Boards Forms Maps Payroll Contracts Metrics Warehouse Planner Surveys Signatures Recruiting Vault Canvas'.split(
    ' ',
  );
const MODES = ['SAML_2_0', 'SAML_2_0', 'OPENID_CONNECT', 'AUTO_LOGIN', 'BROWSER_PLUGIN', 'BOOKMARK', 'WS_FEDERATION'];

export const catalogName = (label: string): string => label.toLowerCase().replace(/[^a-z0-9]+/g, '_');

/** Invented product names, all different: `Granite Ledger`, `Harbor Tickets` … */
export function productNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const maker = MAKERS[(i * 7) % MAKERS.length];
    const round = Math.floor(i / MAKERS.length);
    const edition = Math.floor(round / PURPOSES.length);
    const name = `${maker} ${PURPOSES[(round + i) % PURPOSES.length]}`;
    return edition === 0 ? name : `${name} ${edition + 1}`;
  });
}

export interface OktaApps {
  readonly apps: Map<string, OktaApp>;
  /** Signs people into the Auth0 tenant. */
  readonly platform: OktaApp;
  /** Signs people into the Torq workspace. */
  readonly torq: OktaApp;
  readonly ordinary: readonly OktaApp[];
}

export function oktaApps(company: Company, users: ReadonlyMap<string, OktaUser>, groups: OktaGroups): OktaApps {
  const random = company.random('okta-apps');
  const apps = new Map<string, OktaApp>();
  const add = (label: string, signOnMode: string | null, rest: Partial<OktaApp> = {}): OktaApp => {
    const changed = NOW - days(random.next() * 300);
    const id = rest.id ?? random.id('0oa', 20);
    const isOidc = signOnMode === 'OPENID_CONNECT';
    const slug = catalogName(label).replaceAll('_', '-');
    const isSaml = signOnMode === 'SAML_2_0';
    const app: OktaApp = {
      id,
      name: isOidc ? 'oidc_client' : signOnMode === 'BOOKMARK' ? 'bookmark' : catalogName(label),
      label,
      status: 'ACTIVE',
      signOnMode,
      created: iso(changed - days(100 + random.next() * 900)),
      lastUpdated: iso(changed),
      clientId: isOidc ? id : null,
      redirectUris: isOidc ? [`https://${slug}.${MAIN_DOMAIN}/callback`] : [],
      ssoAcsUrl: isSaml ? `https://${slug}.example/saml/acs` : null,
      audience: isSaml ? `https://${slug}.example/saml` : null,
      logoUrl: `https://static.okta.example/logos/${slug}.png`,
      groups: new Set(),
      users: new Set(),
      appUsers: new Map(),
      pushes: [],
      ...rest,
    };
    apps.set(id, app);
    return app;
  };
  const { tenants } = company;
  add('Okta Admin Console', 'OPENID_CONNECT', { name: 'saasure', redirectUris: [] });
  const platform = add('Halden Platform', 'OPENID_CONNECT', {
    id: tenants.platformAppId,
    redirectUris: [`https://${tenants.auth0Domain}/login/callback`],
  });
  for (const group of groups.platform.values()) platform.groups.add(group.id);
  const torq = add('Torq', 'SAML_2_0', {
    name: 'torq',
    ssoAcsUrl: `https://auth.torq.example/sso/${tenants.torqWorkspaceId}/acs`,
    audience: `https://auth.torq.example/sso/${tenants.torqWorkspaceId}`,
  });
  torq.groups.add(groups.torq.id);
  for (const name of EVERYBODY) {
    add(`${COMPANY_NAME} ${name}`, random.pick(['SAML_2_0', 'OPENID_CONNECT'])).groups.add(groups.everyone.id);
  }
  const names = productNames(grown(company, 62, 0.35));
  const ordinary = names.map((name) => add(name, random.pick(MODES)));
  const departments = [...groups.byDepartment.values()];
  ordinary.forEach((app, i) => {
    // A third belongs to departments, a third to seat pools, a third to projects; some to two kinds.
    if (i % 3 === 0) for (const group of random.distinct(departments, 3 + random.int(4))) app.groups.add(group.id);
    if (i % 3 === 1) for (const group of random.distinct(groups.licences, 2 + random.int(3))) app.groups.add(group.id);
    if (i % 3 === 2) for (const group of random.distinct(groups.projects, 3 + random.int(4))) app.groups.add(group.id);
    if (i % 10 === 4) app.groups.add(groups.managers.id);
    if (i % 12 === 5) app.groups.add(groups.contractors.id);
  });
  const staff = staffOf(company, users);
  for (const app of ordinary) {
    for (const person of random.distinct(staff, Math.round((staff.length / ordinary.length) * random.next() * 1.4))) {
      app.users.add(person.okta ?? '');
    }
  }
  const old = add('Retired Intranet', 'AUTO_LOGIN', { status: 'INACTIVE' });
  for (const group of departments.slice(0, 3)) old.groups.add(group.id);
  // Named like it, but it is a link on a page and signs nobody in.
  add('Torq (old link)', 'BOOKMARK').groups.add(groups.managers.id);
  directoryGroups(company, groups, add('haldenworks.local', null, { name: 'active_directory', logoUrl: null }));
  pushMappings(company, groups, ordinary);
  return { apps, platform, torq, ordinary };
}

function directoryGroups(company: Company, groups: OktaGroups, directory: OktaApp): void {
  const random = company.random('okta-directory');
  for (const group of groups.groups.values()) {
    if (group.type !== 'APP_GROUP') continue;
    group.sourceAppId = directory.id;
    group.description = `haldenworks.local/Groups/${group.name}`;
    for (const user of group.members) {
      directory.users.add(user);
      if (!directory.appUsers.has(user)) {
        directory.appUsers.set(user, { userName: `HALDEN\\u${random.digits(6)}`, externalId: random.hex(32) });
      }
    }
  }
}

/** A few groups are pushed into applications, as groups of the same name there. */
function pushMappings(company: Company, groups: OktaGroups, ordinary: readonly OktaApp[]): void {
  const random = company.random('okta-pushes');
  const targets = groups.projects.slice(0, 4);
  for (const [i, app] of ordinary.slice(0, 4).entries()) {
    const target = targets[i];
    const source = groups.licences[i];
    if (target === undefined || source === undefined) continue;
    app.pushes.push({ id: random.id('gPm', 20), sourceGroupId: source.id, targetGroupId: target.id, status: 'ACTIVE' });
  }
}
