/** One way to ask a question in Cypher. */
export interface Form {
  readonly name: string;
  readonly cypher: string;
  /** Of all answers that are equally good it gives the gateway's: by node ids. */
  readonly isOrdered?: boolean;
}

const OWN_SIDE = 'MEMBER_OF|ASSIGNED_TO|HAS_ROLE|GRANTS|PERMITS';
const ANY_SIDE = `HAS_ACCOUNT|FEDERATES|${OWN_SIDE}`;
const OPEN = 'all(l IN relationships(p) WHERE l.walkable) AND all(n IN nodes(p) WHERE n.live)';
const forward = (from: string, to: string): string =>
  `(${from}) (()-[step:${OWN_SIDE} WHERE step.walkable]->(stop WHERE stop.live)){1,6} (${to})`;
/** Whether one reaches the other within its provider: ten times quicker in this form than as a quantified path. */
const reaches = (from: string, key: string): string => {
  const open = 'all(step IN relationships(q) WHERE step.walkable) AND all(stop IN nodes(q) WHERE stop.live)';
  return `EXISTS { MATCH (via:_Node {key: ${key}}) MATCH q = (${from})-[:${OWN_SIDE}*1..6]->(via) WHERE ${open} }`;
};
const backward = (from: string, to: string, times = '{1,6}'): string =>
  `(${from}) (()<-[l:${OWN_SIDE} WHERE l.walkable]-(n WHERE n.live))${times} (${to})`;

/** From `app` to the accounts that reach it within their provider. */
const ACCOUNTS = {
  'quantified path': `MATCH ${backward('app', 'account:Account')} WITH DISTINCT account`,
  'variable length': `MATCH p = (app)<-[:${OWN_SIDE}*1..6]-(account:Account) WHERE ${OPEN} WITH DISTINCT account`,
  'ANY SHORTEST': `MATCH ANY SHORTEST ${backward('app', 'account:Account', '+')} WITH account`,
  'level by level': `CALL (app) {
      MATCH (app)<-[l:ASSIGNED_TO WHERE l.walkable]-(holder WHERE holder.live) RETURN holder
      UNION
      MATCH (app)<-[l:PERMITS WHERE l.walkable]-(p WHERE p.live)<-[g:GRANTS WHERE g.walkable]-(holder:Account WHERE holder.live)
      RETURN holder
      UNION
      MATCH (app)<-[l:PERMITS WHERE l.walkable]-(p WHERE p.live)<-[g:GRANTS WHERE g.walkable]-(role:Role WHERE role.live)
      WITH DISTINCT role
      MATCH (role)<-[l:HAS_ROLE WHERE l.walkable]-(holder WHERE holder.live) RETURN holder
    }
    WITH DISTINCT holder
    MATCH (holder) (()<-[l:MEMBER_OF WHERE l.walkable]-(n WHERE n.live)){0,6} (account:Account)
    WITH DISTINCT account`,
} as const;

const PERSONS = `MATCH (person:Identity WHERE person.live)-[o:HAS_ACCOUNT WHERE o.walkable]->(owned)
RETURN DISTINCT person._id AS id`;

/** Log-ins elsewhere, each looked at by itself. */
const EACH_ENTRY = `OPTIONAL MATCH (entry:Account WHERE entry.live)-[f:FEDERATES WHERE f.walkable]->(account)
WHERE f.via IS NULL OR ${reaches('entry', 'f.via')}
UNWIND [account, entry] AS owned
WITH DISTINCT owned`;

/**
 * Log-ins elsewhere, gathered by the application they go through: who reaches that is found once for all of them. A
 * log-in counts when its account is on both sides, so they are counted; a list inside a subquery would be part of every
 * row that is grouped there, gigabytes of them with 10,000 people.
 */
const byVia = (
  accounts: string,
): string => `OPTIONAL MATCH (entry:Account WHERE entry.live)-[f:FEDERATES WHERE f.walkable]->(account)
WITH f.via AS via, collect(DISTINCT account) AS direct, collect(DISTINCT entry) AS entries
CALL (via) {
  MATCH (app:_Node {key: via} WHERE app.live)
  ${accounts}
  RETURN collect(account) AS allowed
}
UNWIND direct + direct + entries + CASE WHEN via IS NULL THEN entries ELSE allowed END AS owned
WITH via, owned, count(*) AS weight WHERE weight > 1
WITH DISTINCT owned`;

/**
 * `$id` of an application → `id` of every identity that can reach it. They look one federation deep, as deep as the
 * company goes; the bench compares the answers.
 */
export const WHO_CAN_REACH: readonly Form[] = [
  ...Object.entries(ACCOUNTS).map(([name, accounts]) => ({
    name,
    cypher: `MATCH (app:_Node {_id: $id}) WHERE app.live\n${accounts}\n${byVia(accounts)}\n${PERSONS}`,
  })),
  {
    name: 'variable length, EXISTS for each log-in',
    cypher: `MATCH (app:_Node {_id: $id}) WHERE app.live
${ACCOUNTS['variable length']}
${EACH_ENTRY}
${PERSONS}`,
  },
  {
    name: 'EXISTS for each account',
    cypher: `MATCH (app:_Node {_id: $id}) WHERE app.live
MATCH (account:Account {live: true}) WHERE EXISTS { ${forward('account', 'app')} }
${EACH_ENTRY}
${PERSONS}`,
  },
];

const OWNED = `MATCH (i:_Node {_id: $id}) WHERE i.live
MATCH (i)-[o:HAS_ACCOUNT WHERE o.walkable]->(account:Account WHERE account.live)`;
const INTO = `(account)-[f:FEDERATES WHERE f.walkable]->(into:Account WHERE into.live)
WHERE f.via IS NULL OR`;
const OWN_VIA = reaches('account', 'f.via');

/** `$id` of an identity → `id` of every application that it can reach. */
export const REACH: readonly Form[] = [
  {
    name: 'quantified path',
    cypher: `${OWNED}
OPTIONAL MATCH ${INTO} ${OWN_VIA}
UNWIND [account, into] AS start
WITH DISTINCT start
MATCH ${forward('start', 'app:Application')} RETURN DISTINCT app._id AS id`,
  },
  {
    name: 'variable length',
    cypher: `${OWNED}
OPTIONAL MATCH ${INTO} ${OWN_VIA}
UNWIND [account, into] AS start
WITH DISTINCT start
MATCH p = (start)-[:${OWN_SIDE}*1..6]->(app:Application) WHERE ${OPEN} RETURN DISTINCT app._id AS id`,
  },
  {
    name: 'variable length, own side first',
    cypher: `${OWNED}
CALL (account) {
  MATCH p = (account)-[:${OWN_SIDE}*1..6]->(app:Application) WHERE ${OPEN} RETURN collect(DISTINCT app) AS own
}
CALL (account, own) {
  UNWIND own AS app RETURN app
  UNION
  WITH account, [app IN own | app.key] AS keys
  MATCH ${INTO} f.via IN keys
  MATCH p = (into)-[:${OWN_SIDE}*1..6]->(app:Application) WHERE ${OPEN} RETURN app
}
RETURN DISTINCT app._id AS id`,
  },
  {
    name: 'ANY SHORTEST in one pattern',
    cypher: `MATCH (i:_Node {_id: $id}) WHERE i.live
MATCH ANY SHORTEST (i) ((m)-[f:${ANY_SIDE}]->(n) WHERE f.walkable AND n.live AND (f.via IS NULL OR
  ${reaches('m', 'f.via')}))+ (app:Application)
RETURN DISTINCT app._id AS id`,
  },
];

const PAIR = 'MATCH (i:_Node {_id: $from}) WHERE i.live MATCH (app:_Node {_id: $to})';
/** The few log-ins of the identity that hold, first: a list is quicker to ask than a path inside a path. */
const ADMITTED = `CALL (i) {
  OPTIONAL MATCH (i)-[o:HAS_ACCOUNT WHERE o.walkable]->(account:Account WHERE account.live)-[f:FEDERATES WHERE f.walkable]->(into:Account WHERE into.live)
  WHERE f.via IS NULL OR ${OWN_VIA}
  RETURN collect(f) AS admitted
}`;
const STEPS = `(i) (()-[l:${ANY_SIDE}]->(n) WHERE l.walkable AND n.live AND (NOT l:FEDERATES OR l IN admitted)){1,8} (app)`;
const PATH = 'RETURN [n IN nodes(p) | n._id] AS ids, [l IN relationships(p) | type(l)] AS kinds';
/** The gateway's order: shortest first, then by node ids. */
const ORDERED = ', length(p) AS length ORDER BY length, ids LIMIT 10';

/** `$from`, `$to` → the 10 shortest paths as `ids` and `kinds`. SHORTEST takes any of those that are equally long. */
export const TEN_PATHS: readonly Form[] = [
  { name: 'SHORTEST 10', cypher: `${PAIR}\n${ADMITTED}\nMATCH p = SHORTEST 10 ${STEPS}\n${PATH}` },
  {
    name: 'SHORTEST 10, EXISTS inside',
    cypher: `${PAIR}
MATCH p = SHORTEST 10 (i) ((m)-[f:${ANY_SIDE}]->(n) WHERE f.walkable AND n.live AND (f.via IS NULL OR
  ${reaches('m', 'f.via')})){1,8} (app)
${PATH}`,
  },
  {
    name: 'quantified path, all and sorted',
    cypher: `${PAIR}\n${ADMITTED}\nMATCH p = ${STEPS}\n${PATH}${ORDERED}`,
    isOrdered: true,
  },
  {
    name: 'variable length, all and sorted',
    cypher: `${PAIR}
${ADMITTED}
MATCH p = (i)-[:${ANY_SIDE}*1..8]->(app)
WHERE ${OPEN} AND all(l IN relationships(p) WHERE NOT l:FEDERATES OR l IN admitted)
${PATH}${ORDERED}`,
    isOrdered: true,
  },
];

/** `$from`, `$to` → all paths of the smallest length. */
export const ALL_SHORTEST: readonly Form[] = [
  { name: 'ALL SHORTEST', cypher: `${PAIR}\n${ADMITTED}\nMATCH p = ALL SHORTEST ${STEPS}\n${PATH}` },
  {
    name: 'allShortestPaths',
    cypher: `${PAIR}
${ADMITTED}
MATCH p = allShortestPaths((i)-[:${ANY_SIDE}*1..8]->(app))
WHERE ${OPEN} AND all(l IN relationships(p) WHERE NOT l:FEDERATES OR l IN admitted)
${PATH}`,
  },
];
