import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { TorqWorld } from '../world.ts';

interface Entry {
  readonly id: string;
  readonly timestamp: string;
  readonly actor_name: string;
  readonly email: string;
  readonly actor_type: 'web_app' | 'api_key';
  readonly action: string;
}

const querySchema = z.object({
  start_time: z.iso.datetime({ offset: true }).optional(),
  end_time: z.iso.datetime({ offset: true }).optional(),
  page_size: z.coerce.number().int().min(1).max(500).default(100),
  page_token: z.string().default(''),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const DAY_MS = 86_400_000;

/** The workspace's log of log-ins and authentications; its own token requests are in it. */
export class TorqAuditLog {
  readonly #world: TorqWorld;
  readonly #entries: Entry[];

  constructor(world: TorqWorld) {
    this.#world = world;
    this.#entries = [...world.users.values()].flatMap((user) =>
      user.lastLoginTime === null
        ? []
        : [
            {
              id: randomUUID(),
              timestamp: user.lastLoginTime,
              actor_name: user.email,
              email: user.email,
              actor_type: 'web_app' as const,
              action: 'User logged in',
            },
          ],
    );
  }

  keyAuthenticated(clientId: string): void {
    this.#entries.push({
      id: randomUUID(),
      timestamp: new Date().toISOString(),
      actor_name: this.#world.apiKeys.get(clientId)?.name ?? 'API key',
      email: '',
      actor_type: 'api_key',
      action: 'API key authenticated',
    });
  }

  /** One page of `GET /audit_logs`; `null` for a query that is not valid. */
  page(query: unknown) {
    const parsed = querySchema.safeParse(query);
    if (!parsed.success) return null;
    const { page_size: size, page_token: token, order } = parsed.data;
    const from = Date.parse(parsed.data.start_time ?? new Date(Date.now() - DAY_MS).toISOString());
    const to = Date.parse(parsed.data.end_time ?? new Date().toISOString());
    const sign = order === 'asc' ? 1 : -1;
    const entries = this.#entries
      .filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) <= to)
      .sort((a, b) => sign * (Date.parse(a.timestamp) - Date.parse(b.timestamp)));
    const at = token === '' ? 0 : Number(token);
    return {
      audit_logs: entries.slice(at, at + size).map((entry) => ({
        ...entry,
        extra_data: {},
        account_id: this.#world.workspaceId,
        account_name: this.#world.workspaceName,
      })),
      next_page_token: at + size < entries.length ? String(at + size) : '',
    };
  }
}
