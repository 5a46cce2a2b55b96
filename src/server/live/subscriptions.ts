// Owns the subscriptions of one session: what each asks for, and that attaching and the first sync are one step (W-SUB-4).
// Does not own what they are told (channel). At most SESSION_LIMITS.subscriptions.

import {
  type Filter,
  readCursor,
  type ResetReason,
  resumeOf,
  SESSION_LIMITS,
  type Subscribe,
  type Subscribed,
  type WindowMove,
  windowSchema,
} from "../../protocol/index.ts";
import { overViewOf, unmarked, type View, viewOf } from "../../feed/index.ts";
import { Refusal } from "../problem.ts";
import type { Asked, Channel } from "./channel.ts";
import type { Listener, Member } from "./member.ts";

interface Subscription {
  readonly channel: Channel;
  readonly filter: Filter;
  readonly member: Member;
}

interface ViewAndStand {
  readonly view: View;
  readonly stand: Asked["stand"];
}

interface Place extends ViewAndStand {
  readonly channel: Channel;
}

export class Subscriptions {
  readonly #listener: Listener;
  readonly #channelOf: (board: string) => Promise<Channel | undefined>;
  readonly #all = new Map<string, Subscription>();
  #isClosed = false;

  constructor(listener: Listener, channelOf: (board: string) => Promise<Channel | undefined>) {
    this.#listener = listener;
    this.#channelOf = channelOf;
  }

  get size(): number {
    return this.#all.size;
  }

  get all(): Iterable<Subscription> {
    return this.#all.values();
  }

  /**
   * With `isPoll` the rows of a window that the cursor marks as held are not told again.
   * @throws Refusal `no_such_board`, `too_many_subscriptions`, `overloaded`, `shutting_down`
   */
  async subscribe(asked: Subscribe, isPoll = false): Promise<Subscribed> {
    const { sub, board, cursor, rateMs, ...filter } = asked;
    const { channel, view, stand } = await this.#place(sub, board, viewOf(filter), cursor);
    const member = channel.join(this.#listener, { sub, view, rateMs, stand, isPoll });
    this.drop(sub);
    const subscription: Subscription = { channel, filter, member };
    this.#all.set(sub, subscription);
    const { epoch } = channel.board.position;
    return {
      sub,
      position: { epoch, seq: member.from },
      resume: resumeOf(epoch, view.hash),
      clock: channel.board.clockNow(),
      ...("reset" in stand && stand.reset !== "start" ? { reset: stand.reset } : {}),
    };
  }

  /** What a subscription is told, and from where: known at once, unless a large board's keys have to be counted first. */
  async #place(sub: string, board: string, asked: View, cursor: string | undefined): Promise<Place> {
    for (;;) {
      const channel = await this.#channelOf(board);
      // First: a server that stops knows no boards any more.
      if (this.#isClosed) throw new Refusal("shutting_down");
      if (channel === undefined) throw new Refusal("no_such_board", { facts: { board } });
      if (!this.#all.has(sub) && this.#all.size >= SESSION_LIMITS.subscriptions)
        throw new Refusal("too_many_subscriptions", { facts: { max: SESSION_LIMITS.subscriptions } });
      const place = viewAndStand(asked, cursor, channel);
      if (place !== undefined) return { channel, ...place };
      // The order of keys is built once for everyone who asks; each turn of this brings it nearer, or another channel.
      await channel.counts.more();
    }
  }

  /** Begin to tell what was subscribed to or moved: after the answer, so that it comes first. */
  start(sub: string): void {
    const subscription = this.#all.get(sub);
    if (subscription !== undefined) subscription.channel.serve(subscription.member);
  }

  /** @throws Refusal `no_such_subscription` */
  move({ sub, from, count, search }: WindowMove): void {
    const subscription = this.#all.get(sub);
    const entries = subscription?.filter.entries;
    if (subscription === undefined || entries === undefined || !("window" in entries))
      throw new Refusal("no_such_subscription", { detail: `There is no subscription ${sub} to a window.` });
    const window = windowSchema.parse({
      ...entries.window,
      from,
      count,
      ...(search === undefined ? {} : { search: search === "" ? undefined : search }),
    });
    const filter: Filter = { ...subscription.filter, entries: { window } };
    const moved: Subscription = { ...subscription, filter };
    subscription.channel.move(subscription.member, viewOf(filter));
    this.#all.set(sub, moved);
  }

  drop(sub: string): void {
    const subscription = this.#all.get(sub);
    if (subscription === undefined) return;
    this.#all.delete(sub);
    subscription.channel.leave(subscription.member);
  }

  close(): void {
    this.#isClosed = true;
    for (const sub of this.#all.keys()) this.drop(sub);
  }
}

/**
 * Where a replica with that cursor stands, or why it has to start over (W-SUB-5), and what it is told of: where its
 * entries are or were too many, none of them (W-SUB-2). Undefined while they are not counted yet.
 */
function viewAndStand(view: View, cursor: string | undefined, channel: Channel): ViewAndStand | undefined {
  const over = Number.isFinite(view.atMost) ? overViewOf(view) : undefined;
  const startOver = (reset: ResetReason): ViewAndStand | undefined => {
    if (over === undefined) return { view, stand: { reset } };
    const count = channel.counts.of(view.prefix);
    return count === undefined ? undefined : { view: count > view.atMost ? over : view, stand: { reset } };
  };
  if (cursor === undefined) return startOver("start");
  const stand = standOf(cursor, view.hash, channel);
  if (over === undefined) return { view, stand };
  if (!("reset" in stand)) return { view, stand };
  const overStand = standOf(cursor, over.hash, channel);
  if (!("reset" in overStand)) return { view: over, stand: overStand };
  return startOver(stand.reset === "filter" ? overStand.reset : stand.reset);
}

/** Where a replica with that cursor stands, or why it has to start over (W-SUB-5). */
function standOf(cursor: string, filterHash: string, channel: Channel): Asked["stand"] {
  const read = readCursor(cursor);
  if (read === undefined) return { reset: "unreadable" };
  const reset = channel.resetFor(read.epoch, read.seq);
  if (reset === "epoch") return { reset };
  const { hash, mark } = unmarked(read.filter);
  if (hash !== filterHash) return { reset: "filter" };
  return reset === undefined ? { from: read.seq, mark } : { reset };
}
