// Owns the commands as users write them: with plain values where the protocol's own have JSON text.
// Does not own what they mean (protocol/commands, docs/protocol.md).

import type { CallerUsage, TokenUsage } from "../protocol/commands/budget.ts";
import type { SingleCommand } from "../protocol/commands/command.ts";
import type { JsonText } from "../protocol/json-text.ts";

/** What only engines and followers send. */
type Internal = "rules.change" | "items.expire" | "budget.mirror" | "budget.unmirror" | "source.report" | "source.mark";

/** Members that state another time or writer than the record's own: a server takes them from followers alone. */
type Imported = "at" | "by" | "owned";

type Plain<C> = {
  readonly [M in keyof C as Exclude<M, Imported>]: NonNullable<C[M]> extends JsonText
    ? unknown
    : TokenUsage extends C[M]
      ? CallerUsage | undefined
      : C[M];
};
type PlainOf<C> = C extends { readonly type: Internal } ? never : C extends SingleCommand ? Plain<C> : never;

/** One command, such as `{ type: "entry.put", key: "k", value: [1] }`. */
export type SendableCommand = PlainOf<SingleCommand>;
/** All of them are applied, or none. */
export interface SendableBatch {
  readonly type: "batch";
  readonly commands: readonly SendableCommand[];
}

export type SendableOf<T extends SendableCommand["type"]> = Extract<SendableCommand, { type: T }>;
/** The members of a command besides those that a method takes by place. */
export type Rest<T extends SendableCommand["type"], Placed extends string> = Omit<SendableOf<T>, "type" | Placed>;
