import { z } from 'zod';
import { CONNECTOR_ID, CROSSWALK } from '../domain/keys.ts';
import { VIEWER_ROLES } from '../domain/viewer.ts';

const duration = z
  .string()
  .regex(/^\d+(s|m|h|d)$/, 'must be a number and a unit: 30s, 15m, 6h or 7d')
  .describe('A number and a unit: 30s, 15m, 6h, 7d.');

const apiKey = z
  .strictObject({
    name: z.string().min(1).max(64).describe('For logs; never secret.'),
    key: z
      .string()
      .min(24, 'must have 24 characters or more; make one with: openssl rand -hex 24')
      .describe(
        'What callers send as "Authorization: Bearer …", 24 characters or more. Use ${NAME} to take it from the environment.',
      ),
    role: z.enum(VIEWER_ROLES).default('reader').describe('What the key may do.'),
  })
  .describe('A key that may call the API.');

const connector = z
  .strictObject({
    id: z
      .string()
      .regex(CONNECTOR_ID, 'must be lower-case letters, digits and dashes, starting with a letter, at most 32')
      .refine((id) => id !== CROSSWALK, `"${CROSSWALK}" is the gateway's own name`)
      .describe('Part of every id in the graph: choose it once and keep it.'),
    name: z.string().min(1).max(100).optional().describe('For people; default the id.'),
    provider: z.string().min(1).describe('auth0, okta, jumpcloud or torq.'),
    settings: z.record(z.string(), z.unknown()).describe("The provider's settings, see docs/providers."),
    schedule: z
      .strictObject({
        enabled: z.boolean().default(true).describe('false: only when somebody asks.'),
        every: duration
          .optional()
          .describe('From the start of one run to the start of the next, 10s or more; default 15m.'),
        cron: z.string().optional().describe('Cron expression (UTC); wins over "every".'),
      })
      .optional()
      .describe('When the connector is read.'),
    removalGuard: z
      .strictObject({
        share: z.number().min(0).max(1).optional().describe('Share of a kind that may vanish at once; default 0.2.'),
        minimum: z
          .int()
          .min(0)
          .optional()
          .describe('Fewer than this need no confirmation, unless the listing came back empty; default 10.'),
      })
      .optional()
      .describe('Above it a removal waits for somebody to confirm it.'),
  })
  .describe('One tenant of one provider.');

/** The whole configuration file. Source of `schema/config.schema.json`; unknown keys are errors. */
export const configSchema = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Anything but loopback needs apiKeys.'),
      port: z.int().min(0).max(65_535).default(4000),
    })
    .default({ host: '127.0.0.1', port: 4000 })
    .describe('Where the API listens.'),
  apiKeys: z.array(apiKey).default([]).describe('Without any, only loopback addresses are served.'),
  allowedOrigins: z.array(z.url()).default([]).describe('Web origins whose pages may call the API.'),
  store: z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('sqlite'),
        path: z.string().min(1).default('.crosswalk/graph.sqlite').describe('Relative to the configuration file.'),
      }),
      z.strictObject({
        type: z.literal('neo4j'),
        uri: z
          .string()
          .regex(
            /^(bolt|neo4j)(\+s|\+ssc)?:\/\/[^\s/@]+$/,
            'must be bolt://host:7687 or neo4j://host:7687, with +s for TLS, and without a user name in it',
          )
          .describe('Neo4j 5.26 or newer, Community is enough. neo4j:// for clusters, +s for TLS.'),
        username: z.string().min(1).default('neo4j'),
        password: z.string().min(1).describe('Use ${NAME} to take it from the environment.'),
        database: z.string().min(1).default('neo4j').describe('Of its own; Community has one, called neo4j.'),
        snapshot: z
          .string()
          .min(1)
          .default('.crosswalk/neo4j.topology')
          .describe("A cache file of this gateway's own, for a quick start; relative to the configuration file."),
      }),
    ])
    .default({ type: 'sqlite', path: '.crosswalk/graph.sqlite' })
    .describe('Where the graph is kept.'),
  changeLog: z
    .strictObject({ keep: duration.default('30d').describe('How far back changes can be asked for and resumed.') })
    .default({ keep: '30d' })
    .describe('The history.'),
  linking: z
    .strictObject({
      ownedDomains: z
        .array(
          z
            .string()
            .toLowerCase()
            .regex(/^[a-z0-9.-]+\.[a-z0-9-]+$/, 'must be a mail domain such as example.com'),
        )
        .default([])
        .describe('Your mail domains: an address in them that an administrator set counts as verified.'),
    })
    .default({ ownedDomains: [] })
    .describe('How accounts find their identity.'),
  introspection: z.boolean().default(true).describe('GraphQL introspection and GraphiQL.'),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') })
    .default({ level: 'info' })
    .describe('Structured logs on standard error.'),
  connectors: z.array(connector).default([]).describe('What is read.'),
});

export type Config = z.output<typeof configSchema>;
export type ConnectorSection = Config['connectors'][number];

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `15m` as seconds. The text has passed the schema. */
export function durationSeconds(text: string): number {
  return Number(text.slice(0, -1)) * UNIT_SECONDS[text.slice(-1)]!;
}
