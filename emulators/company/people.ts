import { castParts, type Double } from './casting.ts';
import { nameMail } from './mail.ts';
import { type Department, days, MAIN_DOMAIN, NOW, type Person } from './model.ts';
import { inventName } from './names.ts';
import type { Random } from './random.ts';

const DEPARTMENTS: readonly (readonly [name: string, slug: string, division: string, weight: number])[] = [
  ['Engineering', 'eng', 'Technology', 20],
  ['Data', 'data', 'Technology', 4],
  ['Information Technology', 'it', 'Technology', 5],
  ['Security', 'sec', 'Technology', 2],
  ['Product', 'product', 'Technology', 4],
  ['Design', 'design', 'Technology', 2],
  ['Research', 'research', 'Technology', 4],
  ['Manufacturing', 'mfg', 'Operations', 12],
  ['Field Service', 'field', 'Operations', 9],
  ['Logistics', 'logistics', 'Operations', 7],
  ['Facilities', 'facilities', 'Operations', 2],
  ['Sales', 'sales', 'Commercial', 10],
  ['Customer Care', 'care', 'Commercial', 8],
  ['Marketing', 'marketing', 'Commercial', 4],
  ['Finance', 'finance', 'Corporate', 3.2],
  ['Treasury', 'treasury', 'Corporate', 0.8],
  ['People', 'people', 'Corporate', 2],
  ['Legal', 'legal', 'Corporate', 1],
];

const CITIES =
  'Rotterdam Leeds Porto Gdansk Lyon Aarhus Turin Graz Bilbao Cork Ghent Brno Malmo Tampere Bremen Izmir Pune Osaka Hanoi Toronto Austin Denver Bristol Leipzig Basel Valencia Nantes Katowice Riga Cluj'.split(
    ' ',
  );

const TEAM_WORDS =
  'Amber Basalt Cedar Delta Ember Fjord Granite Harbor Indigo Juniper Kestrel Lantern Meridian Nimbus Orchard Pebble Quartz Ridge Saffron Tundra Umber Vertex Willow Yarrow Zephyr'.split(
    ' ',
  );

const TITLES = ['Associate', 'Specialist', 'Analyst', 'Engineer', 'Consultant', 'Coordinator', 'Planner', 'Expert'];

interface People {
  readonly people: Person[];
  readonly departments: readonly Department[];
  readonly locations: readonly string[];
  readonly executives: readonly Person[];
  readonly showcase: Person;
  readonly doubles: readonly Double[];
}

function invent(
  index: number,
  department: Department,
  locations: readonly string[],
  random: Random,
  takenLocals: Set<string>,
): Person {
  const { given, family } = inventName(random);
  const person: Person = {
    index,
    id: `person-${String(index).padStart(6, '0')}`,
    given,
    family,
    formerFamily: null,
    kind: 'EMPLOYEE',
    contractor: null,
    email: '',
    formerEmail: null,
    privateEmail: '',
    employeeNumber: String(1000 + index),
    department,
    team: { name: '', slug: '', members: [] },
    location: random.pick(locations),
    title: `${random.pick(TITLES)}, ${department.name}`,
    manager: null,
    // Days before the described instant, with milliseconds, so that hardly two are alike.
    hiredAt: NOW - days(40 + random.next() * 3600),
    leftAt: null,
    tags: new Set(),
    okta: null,
    jumpcloud: null,
    jumpcloudAdmin: null,
    torq: null,
    auth0: {},
  };
  nameMail(person, MAIN_DOMAIN, takenLocals, random);
  return person;
}

function formTeams(department: Department, random: Random): void {
  const count = Math.max(1, Math.round(department.members.length / 14));
  for (let i = 0; i < count; i++) {
    const round = Math.floor(i / TEAM_WORDS.length);
    const word = `${TEAM_WORDS[i % TEAM_WORDS.length]}${round === 0 ? '' : ` ${round + 1}`}`;
    const slug = word.toLowerCase().replace(' ', '-');
    department.teams.push({ name: `${department.name} ${word}`, slug: `${department.slug}-${slug}`, members: [] });
  }
  const [head, ...rest] = department.members;
  for (const person of rest) {
    const team = random.pick(department.teams);
    team.members.push(person);
    person.team = team;
  }
  if (head !== undefined) {
    head.team = department.teams[0] as Person['team'];
    head.team.members.unshift(head);
  }
}

/** Member → team lead → director of eight teams → head of department → chief executive. */
function formChains(department: Department, chief: Person): void {
  const head = department.members[0];
  if (head === undefined) return;
  if (head !== chief) head.manager = chief;
  let director = head;
  department.teams.forEach((team, i) => {
    const lead = team.members.find((person) => person !== head);
    if (lead === undefined) return;
    lead.tags.add('manager');
    if (i % 8 === 0 && department.teams.length > 8) {
      lead.title = `Director, ${department.name}`;
      lead.manager = head;
      director = lead;
    } else {
      lead.title = `Team Lead, ${department.name}`;
      lead.manager = director;
    }
    for (const person of team.members) {
      if (person !== lead && person !== head) person.manager = lead;
    }
  });
}

/** Everybody, with departments, teams, managers and the parts they play. */
export function inventPeople(count: number, random: (label: string) => Random): People {
  const dice = random('people');
  const scale = count / 1000;
  const locations = CITIES.slice(0, scale >= 100 ? 30 : scale >= 10 ? 18 : 8);
  const departments: Department[] = DEPARTMENTS.map(([name, slug, division]) => ({
    name,
    slug,
    division,
    members: [],
    teams: [],
  }));
  const total = DEPARTMENTS.reduce((sum, [, , , weight]) => sum + weight, 0);
  const people: Person[] = [];
  const takenLocals = new Set<string>();
  departments.forEach((department, d) => {
    const weight = DEPARTMENTS[d]?.[3] ?? 0;
    const size = d === departments.length - 1 ? count - people.length : Math.round((count * weight) / total);
    for (let i = 0; i < size; i++) {
      const person = invent(people.length, department, locations, dice, takenLocals);
      department.members.push(person);
      people.push(person);
    }
  });
  const executives = departments.map((department) => department.members[0]).filter((head) => head !== undefined);
  const chief = executives[0];
  const treasury = departments.find((department) => department.slug === 'treasury');
  const showcase = treasury?.members[3];
  if (chief === undefined || showcase === undefined) throw new Error('a company needs people');
  for (const head of executives) {
    head.title = head === chief ? 'Chief Executive Officer' : `Head of ${head.department.name}`;
    head.tags.add('executive');
    head.tags.add('manager');
  }
  for (const department of departments) {
    formTeams(department, dice);
    formChains(department, chief);
  }
  showcase.given = { native: 'Inês', plain: 'Ines' };
  showcase.family = { native: 'Valadares', plain: 'Valadares' };
  showcase.title = 'Treasury Systems Lead';
  showcase.tags.add('showcase');
  nameMail(showcase, MAIN_DOMAIN, takenLocals, dice);
  const doubles = castParts(people, takenLocals, random('casting'));
  return { people, departments, locations, executives, showcase, doubles };
}
