// Owns one scenario from its seed to its verdict: who is there, how long it is stormy, and that all comes to rest afterwards.
// Does not own the parts. Everything that varies comes from the seed.

import { SESSION_LIMITS } from "../../src/protocol/index.ts";
import { Actor, gateParams, LONGEST_BEAT_MS } from "./actor.ts";
import { Chance } from "./chance.ts";
import { checkAll, checkHolds } from "./checks.ts";
import { Disk } from "./disk.ts";
import { Faults } from "./faults.ts";
import { Network } from "./network.ts";
import { Server } from "./server.ts";
import { treeOf } from "./spending.ts";
import { Trace } from "./trace.ts";
import { VirtualTime } from "./virtual-time.ts";
import { type Habits, loadOf, stormOf } from "./workload.ts";

export interface Verdict {
  readonly seed: number;
  readonly hash: string;
  /** What was wrong; empty where nothing was. */
  readonly wrongs: readonly string[];
  readonly trace: readonly string[];
  readonly facts: Readonly<Record<string, number>>;
}

export interface ScenarioOptions {
  readonly print?: (line: string) => void;
}

/** A client calls nothing live for longer after the last sign of life (W-BEAT-2), with a timer's slack. */
const SILENCE_MS = 8000 + 5;
/** Half-open connections, full back-off, HTTP and commands that time out: all of it is over by then. */
const REST_MS = 120_000;
/** What a replica does not see is told with a beat (W-BEAT-3), and that comes within beatMs (W-BEAT-1); with the way there. */
const TOLD_WITHIN_MS = LONGEST_BEAT_MS + 1000;
/**
 * Boards go on by themselves when nobody sends anything: things expire, windows begin, and each budget may get a forecast
 * once a minute. And an event stream ends after 30 s and is opened again (W-HTTP-1), which is a moment of unrest.
 */
const MAX_TOLD_MS = 120_000;
const MAX_WRONGS = 10;

export async function playScenario(seed: number, { print }: ScenarioOptions = {}): Promise<Verdict> {
  const chance = new Chance(seed * 7919 + 1);
  const trace = new Trace(print);
  const time = new VirtualTime();
  const wrongs: string[] = [];
  const wrong = (what: string): void => {
    trace.say(time.nowMs, `WRONG ${withoutNames(what)}`);
    if (wrongs.length < MAX_WRONGS) wrongs.push(`at ${time.nowMs.toFixed(1)} ms: ${what}`);
  };
  const onThrown = (error: unknown): void =>
    wrong(`nobody handles ${error instanceof Error ? error.stack?.split("\n").slice(0, 5).join(" ") : String(error)}`);
  time.onThrown = onThrown;
  process.on("unhandledRejection", onThrown);
  process.on("uncaughtException", onThrown);

  const habits = habitsOf(chance);
  const boards = chance.percent(25) ? ["default", "other"] : ["default"];
  const disk = new Disk(time, chance.fork());
  // With small steps even these boards are larger than what is done at once.
  const steps = chance.percent(25) ? { atOnceEntries: 5, stepEntries: 4 } : {};
  const server = new Server({ time, disk, trace, boards, steps, wrong });
  const actors: Actor[] = [];
  const settleServer = server.start();
  await time.run(100, () => undefined);
  await settleServer;
  for (let n = chance.int(2, 6); n > 0; n--) actors.push(newActor(actors.length));

  function newActor(number: number): Actor {
    // Two clients may be one agent: its ids are its own all the same.
    const name = `agent-${chance.percent(10) ? 0 : number}`;
    const own = `client-${number}`;
    const accept = server.accept.bind(server);
    const network = new Network({ time, chance: chance.fork(), trace, name: own, accept });
    return new Actor({ name, time, chance: chance.fork(), trace, network, disk, habits, boards, wrong });
  }

  const faults = new Faults({ time, chance: chance.fork(), server, disk, actors });
  trace.say(time.nowMs, `${actors.length} clients, faults: ${faults.kinds.join(" ")}`);
  let isStormy = true;
  const stormMs = chance.percent(80) ? chance.int(2000, 8000) : chance.int(8000, 30_000);
  const meanActMs = chance.pick([60, 250, 800]);
  for (const actor of actors) repeat(meanActMs, () => actor.act());
  // Retries over another kind of connection, at about the same time.
  repeat(meanActMs * 10, () => {
    const issued = chance.pick(actors).issued.at(-1);
    if (issued === undefined || server.gate === undefined) return;
    issued.isTwice = true;
    server.gate.send(gateParams(issued), issued.actor).catch(() => undefined);
  });
  if (chance.percent(70)) for (const board of boards) (actors[0] as Actor).send(board, treeOf(chance));
  const storms = chance.percent(4) ? chance.int(2, 9) : 0;
  for (let n = 0; n < storms; n++)
    time.after(chance.next() * stormMs, () =>
      chance.pick(actors).send("default", stormOf(chance, chance.int(400, 2500))),
    );
  if (chance.percent(10))
    time.after(chance.next() * stormMs, () =>
      chance.pick(actors).send("default", loadOf(chance, habits, chance.int(50, 600), 4000)),
    );
  if (chance.percent(1)) flood(actors[0] as Actor, actors[1] as Actor);
  faults.begin();

  /** More notes than are told of one absence, while one client is away. */
  function flood(away: Actor, writer: Actor): void {
    for (let n = 0; n < 5; n++) away.subscribe();
    time.after(1000, () => away.network.cut());
    for (let n = 0; n < 8; n++) time.after(1500 + n * 100, () => writer.send("default", stormOf(chance, 2500)));
    time.after(15_000, () => away.network.mend());
  }

  function repeat(meanMs: number, run: () => void): void {
    time.after(chance.pause(meanMs), () => {
      if (!isStormy) return;
      run();
      repeat(meanMs, run);
    });
  }

  function look(): void {
    for (const { client, machine, hearing, beatMs, watches, name } of actors) {
      hearing.look();
      if (client?.status.phase !== "live" || !machine.isAwake) continue;
      if (time.nowMs - hearing.lastSignAtMs > beatMs + SILENCE_MS)
        wrong(`${name} is live ${time.nowMs - hearing.lastSignAtMs} ms after the last sign of life (W-BEAT-2)`);
      const { units, sinceMs } = hearing.owed ?? { units: 0, sinceMs: time.nowMs };
      if (units > SESSION_LIMITS.ackBytes || time.nowMs - sinceMs > SESSION_LIMITS.ackMs + 5)
        wrong(`${name} owes an acknowledgement of ${units} bytes since ${time.nowMs - sinceMs} ms (W-FLOW-1)`);
      for (const watch of watches)
        if (watch.sub.condition.problem === undefined && time.nowMs - (watch.behindSinceMs ?? Infinity) > beatMs + 5)
          wrong(`${name} is live, and ${watch.name} is behind a beat for longer than a beat (W-BEAT-2)`);
    }
  }

  await time.run(time.nowMs + stormMs, look);
  isStormy = false;
  trace.say(time.nowMs, "quiet");
  // While some are open; later all have ended.
  for (const board of boards) {
    const { state } = disk.chroniclesOf(board).at(-1) ?? {};
    if (state !== undefined) checkHolds(state, (what) => wrong(`${board}: ${what}`));
  }
  const ended = faults.end();
  const restAtMs = time.nowMs;
  const isAtRest = (): boolean =>
    server.isUp &&
    actors.every((actor) => actor.isCurrent && !actor.machine.isAsleep && actor.issued.every(({ open }) => open === 0));
  let [head, headAtMs] = [-1, 0];
  /** All of it is at rest, and nothing was written for as long as telling it may take. */
  const isTold = (): boolean => {
    const now = headsOf(boards, disk);
    if (now !== head) [head, headAtMs] = [now, time.nowMs];
    return isAtRest() && time.nowMs - headAtMs >= TOLD_WITHIN_MS;
  };
  let restMs = 0;
  do {
    do await time.run(time.nowMs + 1000, look);
    while (!isAtRest() && time.nowMs - restAtMs < REST_MS);
    restMs = time.nowMs - restAtMs;
    // TTLs, the beats after them, and rates. A connection that died before may be found out only now.
    await time.run(time.nowMs + 17_000, look);
  } while (!isAtRest() && time.nowMs - restAtMs < REST_MS);
  for (let n = 0; n < MAX_TOLD_MS / 1000 && !isTold(); n++) await time.run(time.nowMs + 1000, look);
  await ended;
  if (!isAtRest())
    for (const { name, client } of actors) wrong(`${name} does not come to rest: ${JSON.stringify(client?.status)}`);
  else if (!isTold()) wrong(`the boards are still written to ${time.nowMs - restAtMs} ms after the last command`);
  const { engine } = server;
  if (engine === undefined) wrong("the server is not up");
  else await checkAll({ engine, disk, actors, nowMs: time.nowMs, isAudible: faults.isAudible, wrong });
  for (const { client } of actors) client?.close();
  await server.kill(true, []);
  await time.run(time.nowMs + 1000, () => undefined);
  process.off("unhandledRejection", onThrown);
  process.off("uncaughtException", onThrown);
  const commands = actors.reduce((sum, { issued }) => sum + issued.length, 0);
  const records = headsOf(boards, disk);
  return {
    seed,
    hash: trace.hash,
    wrongs,
    trace: trace.newest,
    facts: { commands, records, restMs, virtualMs: time.nowMs },
  };
}

/** Records of all boards. */
const headsOf = (boards: readonly string[], disk: Disk): number =>
  boards.reduce((sum, board) => sum + (disk.chroniclesOf(board).at(-1)?.state.seq ?? 0), 0);

function habitsOf(chance: Chance): Habits {
  return {
    keys: chance.pick([3, 8, 40]),
    largeValues: chance.pick([0, 0, 10, 40]),
    hugeValues: chance.percent(15) ? 8 : 0,
    ttls: chance.pick([0, 20]),
    spending: chance.pick([1, 3, 12]),
  };
}

/** Epochs and sessions have names that differ from run to run. */
const withoutNames = (text: string): string => text.replace(/[\w-]{16}/g, "…");
