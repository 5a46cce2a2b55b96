// Owns one client of a scenario: the product's SDK on a simulated machine, what its user does with it, and what it was told.
// Does not own faults, or the verdict at the end (checks). What is under way when it ends is asked for again by its next life.

import { createCommandId } from "../../src/client/command-id.ts";
import type { SendableBatch, SendableCommand } from "../../src/client/commands.ts";
import { type Client, connect } from "../../src/client/connect.ts";
import { toJson } from "../../src/client/exact-json.ts";
import { SwarmboardError } from "../../src/client/problem.ts";
import { type Cache, cacheIn } from "../../src/client/replica-cache.ts";
import { httpFallback } from "../../src/client/transports/http.ts";
import type { CommandResult } from "../../src/protocol/wire/down.ts";
import type { Chance } from "./chance.ts";
import type { Disk } from "./disk.ts";
import { createHearing, type Hearing } from "./hearing.ts";
import { Machine } from "./machine.ts";
import type { Network } from "./network.ts";
import type { Known } from "./spending.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";
import { Watch } from "./watch.ts";
import { commandOf, filterOf, type Habits, placeOf } from "./workload.ts";

/** A command under one id, however often it was sent. */
export interface Issued {
  readonly actor: string;
  readonly id: string;
  readonly board: string;
  readonly command: SendableCommand | SendableBatch;
  readonly atMs: number;
  answers: ({ readonly atMs: number } & (
    | { readonly ok: true; readonly result: CommandResult }
    | { readonly ok: false; readonly error: unknown }
  ))[];
  /** Answers that are awaited. */
  open: number;
  /** It was sent by another connection too. */
  isTwice: boolean;
}

export interface ActorOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly network: Network;
  readonly disk: Disk;
  readonly habits: Habits;
  readonly boards: readonly string[];
  readonly wrong: (what: string) => void;
}

const MAX_WATCHES = 5;

/** The longest beat that an actor asks for, in ms. */
export const LONGEST_BEAT_MS = 5000;

export class Actor {
  readonly name: string;
  readonly network: Network;
  readonly machine: Machine;
  readonly issued: Issued[] = [];
  readonly hearing: Hearing;
  readonly beatMs: number;
  watches: Watch[] = [];
  client: Client | undefined;
  readonly #options: ActorOptions;
  readonly #cache: Cache | undefined;
  readonly #echoes: boolean;
  readonly #rateMs: number | undefined;

  constructor(options: ActorOptions) {
    this.#options = options;
    const { chance, time, network } = options;
    this.name = options.name;
    this.network = network;
    this.beatMs = chance.pick([250, 1000, 2000, 2000, LONGEST_BEAT_MS]);
    this.hearing = createHearing(
      () => this.watches,
      () => time.nowMs,
    );
    const heard: Hearing["heard"] = (text, asked) => {
      options.trace.mix(text.length + Math.floor(time.nowMs));
      this.hearing.heard(text, asked);
    };
    this.machine = new Machine({ time, chance: chance.fork(), network, heard, said: this.hearing.said });
    this.#cache = chance.percent(30) ? createShelf(chance.fork()) : undefined;
    this.#echoes = chance.percent(40);
    this.#rateMs = chance.pick([undefined, undefined, 0, 10, 200]);
    this.#open();
  }

  /** It says that what it shows is what there is, by the best way that its network has. */
  get isCurrent(): boolean {
    const { status } = this.client ?? {};
    if (status?.phase === "live") return true;
    // Without a subscription nothing says that it is current.
    return status?.phase === "polling" && this.isWithoutSockets && (!status.behind || this.watches.length === 0);
  }

  get isWithoutSockets(): boolean {
    return this.network.weather.noSockets;
  }

  /** One thing that its user does. */
  act(): void {
    const { chance } = this.#options;
    if (this.machine.isAsleep) return;
    switch (
      chance.weighted({ send: 20, subscribe: 3, unsubscribe: 2, move: 4, retry: 2, restart: 0.3, reconnect: 0.3 })
    ) {
      case "send":
        return this.#sendAny();
      case "subscribe":
        return this.subscribe();
      case "unsubscribe":
        return this.#unsubscribe();
      case "move":
        return this.#move();
      case "retry":
        return this.#retry();
      case "restart":
        return this.restart();
      case "reconnect":
        return this.client?.reconnect();
    }
  }

  send(board: string, command: SendableCommand | SendableBatch): void {
    const id = createCommandId(this.machine.environment);
    const issued: Issued = {
      actor: this.name,
      id,
      board,
      command,
      atMs: this.#options.time.nowMs,
      answers: [],
      open: 0,
      isTwice: false,
    };
    this.issued.push(issued);
    this.#say(`sends ${command.type} ${"key" in command ? command.key : ""}`);
    this.#send(issued, this.#echoes && this.#options.chance.percent(50));
  }

  subscribe(): void {
    const { chance, habits, boards, wrong, disk } = this.#options;
    if (this.client === undefined || this.watches.length >= MAX_WATCHES) return;
    const board = chance.pick(boards);
    const filter = filterOf(chance, habits);
    const rateMs = this.#rateMs;
    const sub = this.client.board(board).subscribe(filter, rateMs === undefined ? {} : { rateMs });
    this.#say(`subscribes ${sub.name}`);
    sub.ready.catch(() => undefined);
    const watch = new Watch({
      board,
      filter,
      sub,
      chance: chance.fork(),
      chroniclesOf: (name) => disk.chroniclesOf(name),
      wrong: (what) => wrong(`${this.name} ${what}`),
    });
    watch.hides = (key) =>
      this.issued.some(
        ({ command, board: of, answers }) =>
          of === board &&
          command.type === "entry.delete" &&
          command.key === key &&
          !answers.some((one) => !one.ok || one.result.seq <= sub.position.seq),
      );
    this.watches.push(watch);
  }

  /** The program ends and starts again; what a cache kept is still there. */
  restart(): void {
    this.#say("restarts");
    this.client?.close();
    this.watches = [];
    this.#open();
  }

  #sendAny(): void {
    const { chance, habits, boards } = this.#options;
    const board = chance.pick(boards);
    this.send(board, commandOf(chance, habits, this.#knownOf(board)));
  }

  /** The newest names that it was told of; the board has more. */
  #knownOf(board: string): Known {
    const holds = this.issued.flatMap(({ board: of, answers }) => (of === board ? holdsIn(answers) : []));
    const alerts = this.watches.flatMap((watch) => (watch.board === board ? [...watch.sub.alerts.keys()] : []));
    return { holds: holds.slice(-8), alerts: alerts.slice(-8) };
  }

  #open(): void {
    const { chance } = this.#options;
    const cache = this.#cache;
    this.client = connect("http://server", {
      environment: this.machine.environment,
      agent: this.name,
      beatMs: this.beatMs,
      commandTimeoutMs: chance.int(3000, 40_000),
      keepNotes: 1_000_000,
      fallback: httpFallback,
      ...(cache === undefined ? {} : { cache }),
    });
    this.client.onStatus(({ phase }) => this.#say(phase));
    for (let n = chance.int(0, 3); n > 0; n--) this.subscribe();
  }

  #send(issued: Issued, echo: boolean): void {
    const { time } = this.#options;
    if (this.client === undefined) return;
    issued.open++;
    const settled = (answer: Issued["answers"][number]): void => {
      issued.open--;
      issued.answers.push(answer);
      this.#say(`is answered ${answer.ok ? answer.result.seq : codeOf(answer.error)}`);
    };
    this.client
      .board(issued.board)
      .send(issued.command, { id: issued.id, echo })
      .then(
        (result) => settled({ ok: true, result, atMs: time.nowMs }),
        (error: unknown) => settled({ ok: false, error, atMs: time.nowMs }),
      );
  }

  /** Whoever does not know what became of a command asks again with its id. */
  #retry(): void {
    const unknown = this.issued.filter(
      ({ open, answers }) =>
        open === 0 && !answers.some(({ ok }) => ok) && answers.some((one) => !one.ok && isDoubtful(one.error)),
    );
    if (unknown.length > 0) this.#send(this.#options.chance.pick(unknown), false);
  }

  #unsubscribe(): void {
    if (this.watches.length === 0) return;
    const watch = this.#options.chance.pick(this.watches);
    this.#say(`unsubscribes ${watch.sub.name}`);
    this.watches = this.watches.filter((one) => one !== watch);
    watch.sub.close();
  }

  #move(): void {
    const { chance, habits } = this.#options;
    const windows = this.watches.filter(({ wanted }) => wanted !== undefined);
    if (windows.length === 0) return;
    const watch = chance.pick(windows);
    for (let n = chance.int(1, 3); n > 0; n--) {
      const { from, count } = placeOf(chance, habits);
      const search = chance.percent(10) ? chance.pick(["", "1", "task"]) : undefined;
      watch.hasSearched ||= search !== undefined;
      watch.wanted = { from, count, search: search ?? watch.wanted?.search ?? "" };
      watch.sub.window.move(from, count, search);
    }
  }

  #say(line: string): void {
    this.#options.trace.say(this.#options.time.nowMs, `${this.name} ${line}`);
  }
}

const holdsIn = (answers: Issued["answers"]): readonly string[] =>
  answers.flatMap((answer) => {
    if (!answer.ok) return [];
    const { made, parts = [] } = answer.result;
    return [made, ...parts].flatMap(({ hold }) => hold ?? []);
  });

const isDoubtful = (error: unknown): boolean =>
  error instanceof SwarmboardError && error.command?.maybeApplied === true;
export const codeOf = (error: unknown): string => (error instanceof SwarmboardError ? error.code : String(error));

/** The same command as a gate of the server takes it, for a retry over a connection of another kind. */
export const gateParams = ({ board, id, command }: Issued): string =>
  `{"board":"${board}","id":"${id}","command":${toJson(command) ?? ""}}`;

/** A cache that is slow, forgets, and refuses, now and then. */
function createShelf(chance: Chance): Cache {
  const kept = new Map<string, string>();
  return cacheIn({
    load(name) {
      if (chance.percent(10)) throw new Error("the cache cannot be read");
      return chance.percent(10) ? undefined : kept.get(name);
    },
    save(name, text) {
      if (chance.percent(10)) throw new Error("the cache is full");
      kept.set(name, text);
    },
  });
}
