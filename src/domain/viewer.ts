import { AppError } from './errors.ts';

/** From least to most: `analyst` also raw and export, `operator` connectors and decisions, `admin` everything. */
export const VIEWER_ROLES = ['reader', 'analyst', 'operator', 'admin'] as const;
export type ViewerRole = (typeof VIEWER_ROLES)[number];

/** Who looks: every use case takes one. Today a reader sees the whole graph. */
export interface Viewer {
  /** Name of the API key, or `loopback`; goes into logs and into the actor of a decision. */
  readonly name: string;
  readonly role: ViewerRole;
}

/** Whoever reaches a loopback server that has no keys: the person at the machine. */
export const LOOPBACK_VIEWER: Viewer = { name: 'loopback', role: 'admin' };

/** @throws AppError `FORBIDDEN` when the viewer's role is below `role` */
export function requireRole(viewer: Viewer, role: ViewerRole): void {
  if (VIEWER_ROLES.indexOf(viewer.role) >= VIEWER_ROLES.indexOf(role)) return;
  throw new AppError(
    'FORBIDDEN',
    `This needs the role "${role}"; "${viewer.name}" has "${viewer.role}". Use an API key with that role.`,
    { audience: 'user', details: { needs: role, has: viewer.role } },
  );
}
