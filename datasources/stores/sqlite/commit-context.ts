import { AppError } from '../../../src/domain/errors.ts';
import type { BodyWriter } from '../shared/change-body.ts';
import type { Connection } from './driver.ts';

/** What the writers of rows share during one commit. */
export interface CommitContext {
  readonly db: Connection;
  readonly body: BodyWriter;
  /** The seq and time of this commit, should it have an effect. */
  readonly seq: number;
  readonly at: number;
  readonly nextId: number;
  /** Known source ids. */
  readonly sources: ReadonlySet<number>;
  /** Fresh ids given for keys that had one already → that one. */
  readonly ids: Map<number, number>;
}

/** A change set that cannot mean anything: its writer's mistake. Nothing of it was written. */
export function invalidChange(message: string): AppError {
  return new AppError('CHANGE_INVALID', message, { audience: 'developer' });
}

export function checkSource(sources: ReadonlySet<number>, source: number): void {
  if (!sources.has(source)) throw invalidChange(`The source ${source} is not known; ask sourceId() for it.`);
}
