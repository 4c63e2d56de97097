import type { Clock } from '../../ports/clock.ts';
import type { StoreTrouble } from '../graph/follower.ts';
import type { ConnectorStatus } from '../sync/types.ts';
import { type ConnectorNotice, noticeOf, storeNotice } from './notices.ts';

/** Connector ids whose data a list holds; `null` means all of them. */
export type NoticeScope = readonly string[] | null;

/** Collects, over one request, whose data went into the answer, and says which of it is old or partial. */
export class NoticeBoard {
  readonly #read: () => readonly ConnectorStatus[];
  readonly #clock: Clock;
  readonly #trouble: () => StoreTrouble | null;
  readonly #touched = new Set<string>();
  #all = false;
  #notices: readonly ConnectorNotice[] | undefined;

  constructor(read: () => readonly ConnectorStatus[], clock: Clock, trouble: () => StoreTrouble | null = () => null) {
    this.#read = read;
    this.#clock = clock;
    this.#trouble = trouble;
  }

  touch(scope: NoticeScope): void {
    if (scope === null) this.#all = true;
    else for (const connector of scope) this.#touched.add(connector);
  }

  /** Notices of the connectors in the scope, by connector id. */
  of(scope: NoticeScope): readonly ConnectorNotice[] {
    const notices = this.#every();
    return scope === null || notices.length === 0
      ? notices
      : notices.filter((notice) => scope.includes(notice.connectorId));
  }

  /** Notices of everything that was touched, and of the store. */
  touched(): readonly ConnectorNotice[] {
    const ofStore = storeNotice(this.#trouble(), this.#clock.now());
    return ofStore === null ? this.#touchedNotices() : [ofStore, ...this.#touchedNotices()];
  }

  #touchedNotices(): readonly ConnectorNotice[] {
    return this.#all ? this.of(null) : this.#touched.size === 0 ? [] : this.of([...this.#touched]);
  }

  #every(): readonly ConnectorNotice[] {
    if (this.#notices === undefined) {
      const now = this.#clock.now();
      this.#notices = this.#read().flatMap((status) => noticeOf(status, now) ?? []);
    }
    return this.#notices;
  }
}
