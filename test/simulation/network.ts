// Owns the network between one client's machine and the server: which connections come to be, how fast they are, and when they fail.
// Does not own when its weather changes (faults). In good weather every connection is fast and lasts.

import type { Chance } from "./chance.ts";
import { Link, type Side } from "./link.ts";
import type { PipeNature } from "./pipe.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

export type Purpose = "socket" | "stream" | "request";

/** What a client's connections suffer at present. Shares in percent. */
export interface Weather {
  readonly refused: number;
  /** A connection that is never answered. */
  readonly swallowed: number;
  /** Connections that break or die after a while. */
  readonly broken: number;
  readonly dying: number;
  readonly inPieces: number;
  readonly latencyMs: number;
  readonly bytesPerS: number;
  /** A proxy that knows no WebSockets; one that holds answers back until they are whole. */
  readonly noSockets: boolean;
  readonly noStreams: boolean;
}

export const FAIR: Weather = {
  refused: 0,
  swallowed: 0,
  broken: 0,
  dying: 0,
  inPieces: 0,
  latencyMs: 10,
  bytesPerS: Infinity,
  noSockets: false,
  noStreams: false,
};

export interface NetworkOptions {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly name: string;
  /** The server takes the connection, or there is none. */
  readonly accept: (link: Link, purpose: Purpose) => boolean;
}

export class Network {
  readonly #options: NetworkOptions;
  readonly #links = new Set<Link>();
  weather: Weather = FAIR;
  /** The cable is out: nothing comes or goes, and nobody is told. */
  #isCut = false;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Nothing breaks by itself any more. */
  get isFair(): boolean {
    return this.weather.broken + this.weather.dying === 0;
  }

  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** Calls back with the connection, or without one where it is refused; or never. */
  dial(purpose: Purpose, then: (link: Link | undefined) => void): void {
    const { time, chance, trace, name } = this.#options;
    const { refused, swallowed, latencyMs, noSockets } = this.weather;
    const fate = chance.next() * 100;
    if (this.#isCut || (fate >= refused && fate < refused + swallowed)) {
      trace.say(time.nowMs, `${name} ${purpose} is swallowed`);
      return;
    }
    time.after(latencyMs * (0.5 + chance.next()), () => {
      const isRefused = fate < refused || (noSockets && purpose === "socket");
      const link = isRefused ? undefined : this.#link(purpose);
      if (link === undefined || !this.#options.accept(link, purpose)) {
        trace.say(time.nowMs, `${name} ${purpose} is refused`);
        return then(undefined);
      }
      return then(link);
    });
  }

  /** The network is good from now on, but for a proxy that stays. What is dead stays dead: the two sides have to find out. */
  clear(proxy: Partial<Weather> = {}): void {
    this.weather = { ...FAIR, ...proxy };
    this.#isCut = false;
    for (const link of this.#links) link.heal();
    if (this.weather.noSockets) this.breakAll();
  }

  /** Every connection dies without a word, and no other comes to be, until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const link of this.#links) link.die(["client", "server"]);
  }

  mend(): void {
    this.#isCut = false;
  }

  breakAll(): void {
    for (const link of this.links) link.break();
  }

  #link(purpose: Purpose): Link {
    const { time, chance, trace, name } = this.#options;
    const { latencyMs, bytesPerS, broken, dying, inPieces, noStreams } = this.weather;
    const isInPieces = chance.percent(inPieces);
    const breaks = chance.percent(broken);
    const fate = breaks ? chance.weighted({ up: 1, down: 3, time: 2 }) : "none";
    const bytes = Math.floor(10 ** (1 + chance.next() * 4.5));
    const nature = (cutAtByte: number): PipeNature => ({
      latencyMs: latencyMs * (0.2 + chance.next()),
      jitterMs: latencyMs,
      bytesPerS,
      inPieces: isInPieces,
      cutAtByte,
    });
    const link = new Link(
      time,
      chance.fork(),
      nature(fate === "up" ? bytes / 10 : Infinity),
      nature(fate === "down" ? bytes : Infinity),
    );
    this.#links.add(link);
    link.onOver = () => this.#links.delete(link);
    if (purpose === "stream" && noStreams) link.die(["client"]);
    const later = (what: string, run: () => void): void =>
      void time.after(chance.pause(8000), () => {
        if (!this.#links.has(link) || this.isFair) return;
        trace.say(time.nowMs, `${name} ${purpose} ${what}`);
        run();
      });
    if (fate === "time") later("breaks", () => link.break());
    if (chance.percent(dying)) {
      const sides = chance.pick<readonly Side[]>([["client"], ["server"], ["client", "server"]]);
      later(`is dead to ${sides.join(" and ")}`, () => link.die(sides));
    }
    return link;
  }
}
