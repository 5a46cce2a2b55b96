// Owns what goes wrong in a scenario, and when. Each scenario has some kinds of faults and not others: all at once hide one another.
// Does not own how a fault works (network, machine, disk, server).

import type { Actor } from "./actor.ts";
import type { Chance } from "./chance.ts";
import type { Disk } from "./disk.ts";
import { FAIR_DISK } from "./disk.ts";
import { FAIR, type Weather } from "./network.ts";
import type { Server } from "./server.ts";
import type { VirtualTime } from "./virtual-time.ts";

const KINDS = [
  "weather",
  "cut",
  "break",
  "sleep",
  "drain",
  "kill",
  "amnesia",
  "disk",
  "noSockets",
  "noStreams",
  "clocks",
] as const;
type Kind = (typeof KINDS)[number];

export interface FaultOptions {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly server: Server;
  readonly disk: Disk;
  readonly actors: readonly Actor[];
}

export class Faults {
  readonly #options: FaultOptions;
  readonly #kinds: readonly Kind[];
  readonly #meanPauseMs: number;
  #isOver = false;
  #restarting: Promise<void> | undefined;

  constructor(options: FaultOptions) {
    this.#options = options;
    const { chance } = options;
    this.#kinds = chance.percent(10) ? [] : KINDS.filter(() => chance.percent(35));
    this.#meanPauseMs = chance.pick([500, 1500, 4000]);
  }

  /** Connections end, but none falls silent, and nothing on the way is slow: no command has to wait for long. */
  get isAudible(): boolean {
    return !["weather", "cut", "sleep", "kill", "amnesia", "disk"].some((kind) => this.#kinds.includes(kind as Kind));
  }

  get kinds(): readonly string[] {
    return this.#kinds;
  }

  begin(): void {
    const { time, chance } = this.#options;
    if (this.#kinds.length === 0 || this.#isOver) return;
    time.after(chance.pause(this.#meanPauseMs), () => {
      if (!this.#isOver) this.#happen(chance.pick(this.#kinds));
      this.begin();
    });
  }

  /** From now on all goes well. */
  async end(): Promise<void> {
    this.#isOver = true;
    const { disk, actors, server, chance } = this.#options;
    disk.weather = FAIR_DISK;
    for (const { network } of actors)
      network.clear(chance.percent(5) ? { noSockets: true, noStreams: chance.percent(50) } : {});
    await this.#restarting;
    if (!server.isUp) await server.start();
  }

  #happen(kind: Kind): void {
    const { time, chance, actors, disk, server } = this.#options;
    const actor = chance.pick(actors);
    const { network, machine } = actor;
    const change = (weather: Partial<Weather>): void => {
      network.weather = { ...network.weather, ...weather };
    };
    switch (kind) {
      case "weather":
        return change(weatherOf(chance));
      case "cut": {
        network.cut();
        if (chance.percent(40)) machine.wake("offline");
        time.after(chance.pause(6000), () => {
          network.mend();
          if (chance.percent(50)) machine.wake("online");
        });
        return;
      }
      case "break":
        return network.breakAll();
      case "sleep":
        machine.wake("hidden");
        return machine.sleep(chance.pause(8000));
      case "drain":
        return this.#restart(() => server.stop(chance.pause(300), chance.pause(1000)));
      case "kill":
        return this.#restart(() => this.#kill());
      case "amnesia":
        return this.#restart(async () => {
          await (chance.percent(50) ? this.#kill() : server.stop(100, 500));
          await disk.lose(chance.pick([0, 50, 90, 100]));
        });
      case "disk":
        disk.weather = { delayMs: chance.pick([1, 30, 300, 1500]), failing: chance.pick([0, 2, 20]) };
        return;
      case "noSockets":
        change({ noSockets: chance.percent(70) });
        if (chance.percent(60)) network.breakAll();
        return;
      case "noStreams":
        return change({ noStreams: chance.percent(70) });
      case "clocks":
        if (chance.percent(50)) server.wallOffsetMs += chance.int(-3_600_000, 3_600_000);
        else machine.setWallClock(chance.int(-3_600_000, 3_600_000));
        return;
    }
  }

  #kill(): Promise<void> {
    const { server, actors, chance } = this.#options;
    return server.kill(
      chance.percent(60),
      actors.flatMap(({ network }) => network.links),
    );
  }

  #restart(end: () => Promise<void>): void {
    const { time, chance, server } = this.#options;
    if (this.#restarting !== undefined || !server.isUp) return;
    const again = async (): Promise<void> => {
      await end();
      await time.pause(chance.pause(2500));
      await server.start();
      this.#restarting = undefined;
    };
    this.#restarting = again();
  }
}

function weatherOf(chance: Chance): Weather {
  return {
    ...FAIR,
    refused: chance.pick([0, 0, 20, 60]),
    swallowed: chance.pick([0, 0, 20]),
    broken: chance.pick([0, 30, 80]),
    dying: chance.pick([0, 0, 40]),
    inPieces: chance.pick([0, 50, 100]),
    latencyMs: chance.pick([0, 5, 50, 400]),
    bytesPerS: chance.pick([Infinity, Infinity, 2_000_000, 100_000, 8000]),
  };
}
