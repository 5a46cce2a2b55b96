// Owns what a client's machine heard, as the bytes say it: signs of life, beats, and where snapshots led to.
// Does not own what the client makes of it; that is held against this.

import type { Watch } from "./watch.ts";

export interface Hearing {
  /** `asked`: the address of the request that is answered. */
  readonly heard: (text: string, asked?: string) => void;
  /** Every text that is sent by socket. */
  readonly said: (text: string) => void;
  lastSignAtMs: number;
  /** Syncs that came and are not acknowledged: their size, and since when (W-FLOW-1). */
  owed: { readonly units: number; readonly sinceMs: number } | undefined;
  /** The snapshots of each subscription: from their ends on notes are told one by one. */
  readonly snapshots: ReadonlyMap<string, readonly Snapshot[]>;
  /** Once in a while: which replicas are behind what a beat told. */
  look(): void;
}

export interface Snapshot {
  /** Where the board stood when its first page came. It may have been made long before, and the last one since. */
  readonly from: number;
  readonly to: number;
  /** Of several pages; one page is of one moment. */
  readonly isPaged: boolean;
}

interface Sync {
  readonly sub: string;
  readonly to?: number;
  readonly reset?: string;
}
interface Beat {
  readonly boards: Readonly<Record<string, { readonly seq: number }>>;
}

/** Subscriptions with the same filter share what a cache keeps. */
export const baseName = (sub: string): string => sub.replace(/-\d+$/, "");

const isPush = (text: string, method: string): boolean => text.startsWith(`{"jsonrpc":"2.0","method":"${method}"`);

export function createHearing(watches: () => readonly Watch[], nowMs: () => number): Hearing {
  const snapshots = new Map<string, Snapshot[]>();
  /** Subscriptions whose snapshot is under way, and where the board stood when it began to come. */
  const coming = new Map<string, number>();

  function sync({ sub, reset, to }: Sync): void {
    if (reset !== undefined) coming.set(sub, to ?? headOf(sub));
    const from = coming.get(sub);
    if (to === undefined || from === undefined) return;
    coming.delete(sub);
    const isPaged = reset === undefined;
    snapshots.set(baseName(sub), [...(snapshots.get(baseName(sub)) ?? []), { from, to, isPaged }]);
  }

  const headOf = (sub: string): number => watches().find((watch) => watch.sub.name === sub)?.headSeq ?? 0;

  function beat({ boards }: Beat): void {
    for (const watch of watches()) {
      const told = boards[watch.board];
      if (told !== undefined) watch.beatSeq = told.seq;
    }
  }

  function forget(): void {
    coming.clear();
    hearing.owed = undefined;
    for (const watch of watches()) {
      watch.beatSeq = 0;
      watch.behindSinceMs = undefined;
    }
  }

  function socket(text: string): void {
    hearing.lastSignAtMs = nowMs();
    if (isPush(text, "welcome")) forget();
    if (isPush(text, "sync"))
      hearing.owed = {
        units: (hearing.owed?.units ?? 0) + text.length,
        sinceMs: hearing.owed?.sinceMs ?? nowMs(),
      };
    if (isPush(text, "beat")) beat((JSON.parse(text) as { params: Beat }).params);
    else if (isPush(text, "sync") && (coming.size > 0 || text.includes('"reset":"')))
      sync((JSON.parse(text) as { params: Sync }).params);
  }

  /** By HTTP nobody repeats the subscription's name: what was asked for tells which it is. */
  function http(text: string, asked: string): void {
    const { pathname, searchParams } = new URL(asked);
    const filter = searchParams.get("filter");
    const those = watches().filter(
      (watch) => pathname.includes(`/${watch.board}/`) && JSON.stringify(watch.filter) === filter,
    );
    for (const told of syncsIn(text)) for (const { sub } of those) sync({ ...told, sub: sub.name });
  }

  function syncsIn(text: string): readonly Sync[] {
    const [, data] = /^data: (.*)$/m.exec(text) ?? [];
    if (/^event: sync$/m.test(text) && data !== undefined) return [JSON.parse(data) as Sync];
    return text.startsWith('{"open":') ? (JSON.parse(text) as { syncs: readonly Sync[] }).syncs : [];
  }

  const hearing: Hearing = {
    heard: (text, asked) => (asked === undefined ? socket(text) : http(text, asked)),
    said(text) {
      if (isPush(text, "ack")) hearing.owed = undefined;
    },
    lastSignAtMs: 0,
    owed: undefined,
    snapshots,
    look() {
      for (const watch of watches()) {
        if (watch.sub.position.seq >= watch.beatSeq) watch.behindSinceMs = undefined;
        else watch.behindSinceMs ??= nowMs();
      }
    },
  };
  return hearing;
}
