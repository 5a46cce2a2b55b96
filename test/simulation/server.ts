// Owns one server process after another: the product's engine and hub behind simulated doors; starts, stops, drains and kills.
// Does not own what survives them (disk). A killed process does nothing any more: its timers, connections and writes end.

import { createEngine, type Engine } from "../../src/engine/index.ts";
import type { FoundRows, RowSourcesHost } from "../../src/feed/index.ts";
import { DEFAULT_LIMITS } from "../../src/protocol/index.ts";
import { type CommandGate, createCommandGate } from "../../src/server/live/command-gate.ts";
import { openPriceBook } from "../../src/server/prices/price-book.ts";
import { createHub, type Hub } from "../../src/server/live/hub.ts";
import type { LiveTimers } from "../../src/server/live/timers.ts";
import type { Disk } from "./disk.ts";
import { createHttpDoor, type HttpDoor } from "./http-door.ts";
import type { Link } from "./link.ts";
import { WALL_START_MS } from "./machine.ts";
import type { Purpose } from "./network.ts";
import { openSocketDoor } from "./socket-door.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** Keys that a search looks through before others go on. */
const SEARCHED_AT_ONCE = 50;

interface Process {
  readonly engine: Engine;
  readonly gate: CommandGate;
  readonly hub: Hub;
  readonly http: HttpDoor;
  readonly doors: Set<{ cutOff(): void }>;
  isUp: boolean;
}

export interface ServerOptions {
  readonly time: VirtualTime;
  readonly disk: Disk;
  readonly trace: Trace;
  readonly boards: readonly string[];
  /** How much of an order of rows is built at once. */
  readonly steps: Pick<RowSourcesHost, "atOnceEntries" | "stepEntries">;
  readonly wrong: (what: string) => void;
}

export class Server {
  readonly #options: ServerOptions;
  #process: Process | undefined;
  #starts = 0;
  wallOffsetMs = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#process?.isUp === true;
  }

  get engine(): Engine | undefined {
    return this.#process?.engine;
  }

  get gate(): CommandGate | undefined {
    return this.#process?.gate;
  }

  async start(): Promise<void> {
    const { time, disk, trace, boards, steps, wrong } = this.#options;
    const life = ++this.#starts;
    const isAlive = (): boolean => this.#starts === life;
    const after = (ms: number, run: () => void): (() => void) => time.after(ms, () => isAlive() && run());
    const wallMs = (): number => Math.floor(WALL_START_MS + time.nowMs + this.wallOffsetMs);
    const engine = await createEngine({
      store: disk.mount(),
      timepieces: { wallMs, monotonicMs: () => time.nowMs, after },
      notice: (_board, message, detail) => {
        if (!isAlive()) return;
        if (message.startsWith("a listener failed") || message.includes("unknown way"))
          wrong(`${message}: ${String(detail)}`);
        trace.say(time.nowMs, `engine: ${message}`);
      },
    });
    for (const board of boards) if (!engine.list().includes(board)) await engine.create(board);
    for (const board of boards) await engine.board(board);
    const timers: LiveTimers = { now: () => time.nowMs, wallMs, after };
    const prices = await openPriceBook({});
    const hub = createHub({
      engine,
      limits: DEFAULT_LIMITS,
      timers,
      prices,
      host: {
        ...steps,
        run: (work, done) => {
          const slice = (): unknown => (work.next().done === true ? done() : after(1, slice));
          after(1, slice);
        },
        search: (feed, rows) => search([...feed.state.entries.keys()], rows, after),
      },
      fault: (error) => isAlive() && wrong(`server fault: ${error instanceof Error ? error.stack : String(error)}`),
    });
    const gate = createCommandGate(engine, DEFAULT_LIMITS, { prices, wallMs });
    if (!isAlive()) return;
    this.#process = { engine, gate, hub, http: createHttpDoor(engine, hub), doors: new Set(), isUp: true };
    trace.say(time.nowMs, "server: started");
  }

  accept(link: Link, purpose: Purpose): boolean {
    const process = this.#process;
    if (process?.isUp !== true) return false;
    if (purpose === "socket") {
      const { hub } = process;
      process.doors.add(openSocketDoor(link, { hub, timers: hub.timers, wrong: this.#options.wrong }));
    } else process.http.serve(link);
    return true;
  }

  /** As the product stops: it says so, ends the sessions, finishes what it took. */
  async stop(afterMs: number, spreadMs: number): Promise<void> {
    const process = this.#process;
    if (process?.isUp !== true) return;
    const { time, trace, disk } = this.#options;
    trace.say(time.nowMs, `server: drains for ${afterMs.toFixed(0)} ms`);
    process.hub.drain(afterMs, spreadMs);
    await time.pause(afterMs / 2);
    if (this.#process !== process) return;
    process.isUp = false;
    process.hub.close();
    await time.pause(50);
    for (const door of process.doors) door.cutOff();
    process.http.cutOff();
    await process.engine.close();
    if (this.#process === process) this.#end();
    await disk.unmount();
    trace.say(time.nowMs, "server: stopped");
  }

  /** `isHeard`: the machine goes on, so that the connections are reset; otherwise nobody is told. */
  async kill(isHeard: boolean, links: readonly Link[]): Promise<void> {
    const { time, trace, disk } = this.#options;
    trace.say(time.nowMs, `server: killed${isHeard ? "" : " with its machine"}`);
    this.#end();
    for (const link of links) {
      if (!isHeard) link.die(["client"]);
      link.break();
    }
    await disk.unmount();
  }

  #end(): void {
    if (this.#process !== undefined) this.#process.isUp = false;
    this.#process = undefined;
    this.#starts++;
  }
}

/** The keys that were there when the search began, looked through bit by bit. */
function search(keys: readonly string[], rows: FoundRows, after: LiveTimers["after"]): () => void {
  let at = 0;
  let cancel = after(3, look);
  function look(): void {
    const found = keys.slice(at, (at += SEARCHED_AT_ONCE)).filter((key) => rows.holds(key));
    if (!rows.found(found) || at >= keys.length) return rows.complete();
    cancel = after(3, look);
  }
  return () => cancel();
}
