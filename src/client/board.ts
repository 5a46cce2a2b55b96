// Owns what a user does with a board: subscribing, and commands by their names. Does not own how they travel
// (command-queue.ts). Invariant: a command is written as text once, when it is called, so that no retry can differ.

import type { CommandResult } from "../protocol/wire/down.ts";
import type { FilterInput } from "../protocol/wire/filter.ts";
import { createCommandId } from "./command-id.ts";
import type { CommandQueue } from "./command-queue.ts";
import type { Rest, SendableBatch, SendableCommand } from "./commands.ts";
import type { Environment } from "./environment.ts";
import { toJson } from "./exact-json.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscribeOptions, SubscriptionSet } from "./subscription-set.ts";

export interface SendOptions {
  /** The command's id. By default a new UUIDv7; give that of a `SwarmboardError.command` to find out what became of it. */
  readonly id?: string | undefined;
  /** The W3C `traceparent` that it belongs to: kept with the record. */
  readonly trace?: string | undefined;
}
export interface EntryOptions extends SendOptions {
  /** Show the change at once, with `pending`, until it is confirmed or refused. Not in windows. */
  readonly echo?: boolean | undefined;
}

/**
 * Every command resolves when it is durable and applied. It survives reconnects: it is sent again with the same id, and applied once
 * (law L9). It rejects with a SwarmboardError when it is refused, or not answered in time.
 */
export interface Board<Value = unknown> {
  readonly name: string;
  subscribe<V = Value>(filter: FilterInput, options?: SubscribeOptions): Subscription<V>;
  put(
    key: string,
    value: Value,
    options?: EntryOptions & Partial<Rest<"entry.put", "key" | "value">>,
  ): Promise<CommandResult>;
  /** RFC 7396: members are set, `null` removes them. */
  merge(
    key: string,
    patch: unknown,
    options?: EntryOptions & Partial<Rest<"entry.merge", "key" | "patch">>,
  ): Promise<CommandResult>;
  delete(key: string, options?: EntryOptions & Partial<Rest<"entry.delete", "key">>): Promise<CommandResult>;
  openBudget(
    task: string,
    limitTokens: number,
    options?: SendOptions & { readonly description?: string },
  ): Promise<CommandResult>;
  charge(
    task: string,
    tokens: number,
    options?: SendOptions & Rest<"budget.charge", "task" | "tokens">,
  ): Promise<CommandResult>;
  /** Takes a claim if nobody holds it; `made.fence` is the number to present to what it protects. */
  acquire(claim: string, ttlMs: number, options?: SendOptions): Promise<CommandResult>;
  renew(claim: string, fence: number, ttlMs: number, options?: SendOptions): Promise<CommandResult>;
  release(claim: string, fence: number, options?: SendOptions): Promise<CommandResult>;
  /** Notes an event in the audit log. */
  note(event: string, facts?: SendOptions & Rest<"audit.note", "event">): Promise<CommandResult>;
  reportAgent(agent: string, facts?: SendOptions & Rest<"agent.report", "agent">): Promise<CommandResult>;
  reportTask(task: string, facts?: SendOptions & Rest<"task.report", "task">): Promise<CommandResult>;
  /** All of them are applied as one record, or none. */
  batch(commands: readonly SendableCommand[], options?: SendOptions): Promise<CommandResult>;
  /** Any command of the protocol. */
  send(command: SendableCommand | SendableBatch, options?: EntryOptions): Promise<CommandResult>;
}

export interface BoardOptions {
  readonly environment: Environment;
  readonly name: string;
  readonly agent: string;
  readonly queue: CommandQueue;
  readonly subscriptions: SubscriptionSet;
}

export function createBoard({ environment, name, agent, queue, subscriptions }: BoardOptions): Board {
  async function send(
    command: SendableCommand | SendableBatch,
    { id = createCommandId(environment), echo = false, trace }: EntryOptions = {},
  ): Promise<CommandResult> {
    const text = toJson(command);
    if (text === undefined) throw new TypeError("the command is not JSON");
    const shown =
      echo && "key" in command
        ? subscriptions.echo(name, { id, command, by: agent, at: environment.wallNow() })
        : undefined;
    try {
      const result = await queue.send({ id, board: name, text, trace });
      shown?.settled(result.seq);
      return result;
    } catch (error) {
      shown?.dropped();
      throw error;
    }
  }

  /** A method of a command's own: its members by place, then the options, whose other members belong to the command too. */
  const method =
    (type: string, ...places: readonly string[]) =>
    (...given: readonly unknown[]): Promise<CommandResult> => {
      const { id, echo, trace, ...members } = (given[places.length] ?? {}) as EntryOptions;
      const placed = Object.fromEntries(places.map((place, index) => [place, given[index]]));
      return send({ type, ...placed, ...members } as SendableCommand, { id, echo, trace });
    };

  return {
    name,
    subscribe: <V>(filter: FilterInput, options: SubscribeOptions = {}) =>
      subscriptions.subscribe(name, filter, options) as Subscription<V>,
    put: method("entry.put", "key", "value"),
    merge: method("entry.merge", "key", "patch"),
    delete: method("entry.delete", "key"),
    openBudget: method("budget.open", "task", "limitTokens"),
    charge: method("budget.charge", "task", "tokens"),
    acquire: method("claim.acquire", "claim", "ttlMs"),
    renew: method("claim.renew", "claim", "fence", "ttlMs"),
    release: method("claim.release", "claim", "fence"),
    note: method("audit.note", "event"),
    reportAgent: method("agent.report", "agent"),
    reportTask: method("task.report", "task"),
    batch: method("batch", "commands"),
    send,
  };
}
