// Owns one connection between a client and a server: two pipes, and what becomes of both when one ends, breaks or dies.
// Does not own what is said over it (socket-door, http-door, machine), or when a fault happens (network).

import type { Chance } from "./chance.ts";
import { Pipe, type PipeNature } from "./pipe.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What happens at one end. Nothing happens after that end left. */
export interface LinkEnd {
  received(bytes: Buffer): void;
  /** The other side left, or the connection broke. */
  gone(): void;
}

export type Side = "client" | "server";

const NOBODY: LinkEnd = { received: () => undefined, gone: () => undefined };

export class Link {
  readonly #pipes: Readonly<Record<Side, Pipe>>;
  readonly #ends: Record<Side, LinkEnd> = { client: NOBODY, server: NOBODY };
  #isOver = false;
  onOver: () => void = () => undefined;

  constructor(time: VirtualTime, chance: Chance, up: PipeNature, down: PipeNature) {
    const pipeTo = (side: Side, nature: PipeNature): Pipe =>
      new Pipe(
        time,
        chance,
        nature,
        {
          received: (bytes) => this.#ends[side].received(bytes),
          finished: () => {
            this.#over();
            this.#ends[side].gone();
          },
        },
        () => this.break(),
      );
    this.#pipes = { server: pipeTo("server", up), client: pipeTo("client", down) };
  }

  attach(side: Side, end: LinkEnd): void {
    this.#ends[side] = end;
  }

  /** The pipe that this side writes to. */
  from(side: Side): Pipe {
    return this.#pipes[side === "client" ? "server" : "client"];
  }

  /** This side ends it: what it wrote still arrives, and it hears nothing more. */
  leave(side: Side): void {
    this.#ends[side] = NOBODY;
    this.#pipes[side].stop();
    this.from(side).finish();
  }

  /** It breaks now; a side whose way in is dead does not hear of it. */
  break(): void {
    if (this.#isOver) return;
    const told = (["client", "server"] as const).filter((side) => !this.#pipes[side].isDead);
    this.#over();
    for (const side of told) this.#ends[side].gone();
  }

  /** Half-open from now on: nothing arrives at these sides, and nobody is told. */
  die(sides: readonly Side[]): void {
    for (const side of sides) this.#pipes[side].die();
  }

  heal(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.heal();
  }

  #over(): void {
    this.#isOver = true;
    for (const pipe of Object.values(this.#pipes)) pipe.stop();
    this.onOver();
  }
}
