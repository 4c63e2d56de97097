import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kit } from '../kit.ts';
import type { OktaAuth } from './auth.ts';
import type { OktaRows } from './rows.ts';
import type { OktaView } from './view.ts';

export type Params = Readonly<Record<string, string>>;
export type Handler = (request: FastifyRequest, reply: FastifyReply, params: Params) => FastifyReply;

export interface Needs {
  readonly scope: string;
  /** Read-only administrators are not enough. */
  readonly superAdmin?: boolean;
}

/** What the handlers of the API share. */
export interface OktaRoutes {
  readonly kit: Kit;
  readonly view: OktaView;
  readonly rows: OktaRows;
  get(path: string, needs: Needs, handler: Handler): void;
}

export function oktaRoutes(app: FastifyInstance, kit: Kit, auth: OktaAuth, view: OktaView, rows: OktaRows): OktaRoutes {
  return {
    kit,
    view,
    rows,
    get(path, needs, handler) {
      app.get<{ Params: Params }>(path, async (request, reply) => {
        const principal = await auth.admit(request, reply, needs);
        return principal === null ? reply : handler(request, reply, request.params);
      });
    },
  };
}
