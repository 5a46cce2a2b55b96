// Owns what users see of a subscription: its collections, window and audit, over one replica and its echoes.
// Does not own the connection (subscription.ts). Invariant: everything is in place before anyone is told of anything (one sync, one telling).

import { type Collection, createCollection } from "./collections.ts";
import { createEchoes, type Echo } from "./echoes.ts";
import { type AuditNotes, type Entry, type ItemOf, perStream, type Stream } from "./items.ts";
import { currentOf } from "./current.ts";
import { createListeners } from "./listeners.ts";
import type { Changes, Replica } from "./replica.ts";
import type { OwnedWindow } from "./window-view.ts";

export interface EntryCollection<Value = unknown> extends Collection<Entry<Value>> {
  /** So many entries that none are told (`atMost`): subscribe to a window. */
  readonly over: number | undefined;
}

export interface AuditView extends AuditNotes {
  /** Everything above as one value, which is another one after each change. */
  readonly current: AuditNotes;
  onChange(listener: () => void): () => void;
}

/** A collection for each stream; those that the filter does not name stay empty. */
export type Collections<Value> = {
  readonly [S in Exclude<Stream, "entries">]: Collection<ItemOf[S]>;
} & { readonly entries: EntryCollection<Value> };

export interface Views {
  readonly collections: Collections<unknown>;
  readonly window: OwnedWindow;
  readonly audit: AuditView;
  /** A sync was applied. */
  publish(changes: Changes): void;
  /** Shows what a command will do; the answers end it. */
  echo(echo: Echo): { settled(seq: number): void; dropped(): void };
}

const NONE: ReadonlySet<string> = new Set<string>();

export function createViews(replica: Replica, window: OwnedWindow): Views {
  const echoes = createEchoes(replica.items("entries") as unknown as ReadonlyMap<string, Entry>);
  const owned = perStream((stream) =>
    createCollection<unknown>(replica.items(stream), stream === "entries" ? echoes.over : undefined),
  );
  const onAudit = createListeners<void>();
  /** Of the position that was told last. */
  let { epoch } = replica.position();

  const entries = owned.entries.collection as Collection<Entry>;
  Object.defineProperty(entries, "over", { get: () => replica.over() });
  const collections = perStream((stream) => owned[stream].collection);

  function tellEntries(names: ReadonlySet<string>): void {
    owned.entries.touch(true);
    if (names.size > 0) owned.entries.tell(names);
  }

  return {
    collections: collections as unknown as Collections<unknown>,
    window,
    audit: currentOf(replica.audit, ["notes", "total", "missed"], { onChange: onAudit.add }),
    publish({ streams, window: windowChanged, audit }) {
      const below = streams.get("entries")?.names ?? NONE;
      const position = replica.position();
      if (position.epoch !== epoch) echoes.forgetPositions();
      ({ epoch } = position);
      const ended = echoes.moved(position.seq, below);
      for (const [stream, { members }] of streams) owned[stream].touch(members);
      if (ended.size > 0) owned.entries.touch(true);
      if (below.size + ended.size > 0) owned.entries.tell(ended.size === 0 ? below : new Set([...below, ...ended]));
      for (const [stream, { names }] of streams) if (stream !== "entries") owned[stream].tell(names);
      if (windowChanged) window.tell();
      if (audit) onAudit.tell();
    },
    echo(echo) {
      echoes.add(echo);
      const names = new Set([echo.command.key]);
      tellEntries(names);
      return {
        settled(seq) {
          echoes.settle(echo.id, seq);
          tellEntries(echoes.moved(replica.position().seq, NONE));
        },
        dropped() {
          echoes.drop(echo.id);
          tellEntries(names);
        },
      };
    },
  };
}
