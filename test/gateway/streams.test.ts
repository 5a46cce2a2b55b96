// Streamed model calls under a budget: however a stream ends, its hold ends with it.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { type HoldEnd, withBudget, type WithBudgetOptions } from "../../src/client/gateway/index.ts";
import { startProgram, stopAll } from "../cli/program.ts";
import { endAfterEach } from "../server/harness.ts";
import { ANSWER, CACHED, inputTokens, REASONED } from "./model-server.ts";
import { type Event, leave, setStage, type Stage, streamModel, TASK, until, type Way } from "./stage.ts";

afterEach(leave);
afterEach(stopAll);
endAfterEach();

const PROMPT = "say hello to the world";
const INPUT = inputTokens(PROMPT);
const MESSAGES = [{ role: "user", content: PROMPT }];
const ESTIMATE = { input: 200, output: 100 };
const ALL = 300;
/** A broken stream of Anthropic's: its input is known, and the output as much as was held. */
const BROKEN = INPUT + CACHED + 100;

const chat = ({ board, model }: Stage, name: string, more: Partial<WithBudgetOptions> = {}) =>
  withBudget(board, { task: TASK, model: "openai/gpt-4o", estimate: ESTIMATE, ...more }, ({ signal, maxTokens }) =>
    streamModel(
      `${model.url}/v1/chat/completions`,
      { model: name, messages: MESSAGES, max_tokens: maxTokens, stream_options: { include_usage: true } },
      signal,
    ),
  );
const messages = ({ board, model }: Stage, name: string, more: Partial<WithBudgetOptions> = {}) =>
  withBudget(
    board,
    { task: TASK, model: "anthropic/claude-sonnet-4-5", estimate: ESTIMATE, ...more },
    ({ signal, maxTokens }) =>
      streamModel(`${model.url}/v1/messages`, { model: name, messages: MESSAGES, max_tokens: maxTokens }, signal),
  );

async function read(stream: AsyncIterable<Event>, most = Number.POSITIVE_INFINITY): Promise<number> {
  let events = 0;
  for await (const event of stream) {
    expect(event).toBeTypeOf("object");
    if (++events >= most) break;
  }
  return events;
}

describe.each<Way>(["socket", "http"])("a stream over %s", (way) => {
  it("is settled with the usage that its events tell, when its last one was read", async () => {
    const stage = await setStage({}, way);
    expect(await read(await messages(stage, "m"))).toBe(ANSWER + 3);
    expect(await stage.figures()).toMatchObject({
      tokens: INPUT + CACHED + ANSWER,
      nanoUsd: INPUT * 3000 + CACHED * 300 + ANSWER * 15_000,
      holds: 0,
    });
  });
});

describe("a stream", () => {
  it("of OpenAI's chat completions is settled with the usage of its last chunk", async () => {
    const stage = await setStage();
    expect(await read(await chat(stage, "m"))).toBe(ANSWER + 1);
    expect(await stage.figures()).toMatchObject({
      tokens: INPUT + CACHED + ANSWER,
      nanoUsd: INPUT * 2500 + CACHED * 1250 + ANSWER * 10_000,
      holds: 0,
    });
  });

  it("of OpenAI's responses is settled with the usage of the completed response", async () => {
    const stage = await setStage();
    const { board, model } = stage;
    await read(
      await withBudget(board, { task: TASK, estimate: ESTIMATE }, ({ signal }) =>
        streamModel(`${model.url}/v1/responses`, { model: "m", input: PROMPT }, signal),
      ),
    );
    expect((await stage.state()).budgets.get(TASK)?.account?.usage).toMatchObject({
      output: ANSWER - REASONED,
      reasoning: REASONED,
      cacheRead: CACHED,
    });
  });

  it("of any other source is metered by what the program tells", async () => {
    const stage = await setStage();
    const stream = await withBudget(stage.board, { task: TASK, estimate: 50 }, async function* ({ onUsage }) {
      yield "a";
      onUsage({ input: 3 });
      yield "b";
      onUsage({ input: 3, output: 2 });
    } as (context: { onUsage: (usage: unknown) => void }) => AsyncGenerator<string>);
    const texts: string[] = [];
    for await (const text of stream) texts.push(text);
    expect(texts).toEqual(["a", "b"]);
    expect(await stage.figures()).toMatchObject({ tokens: 5, holds: 0 });
  });

  it("of which nobody tells the usage counts as held", async () => {
    const stage = await setStage();
    const stream = await withBudget(stage.board, { task: TASK, estimate: 50 }, async function* () {
      yield 1;
    } as () => AsyncGenerator<number>);
    for await (const one of stream) expect(one).toBe(1);
    expect(await stage.figures()).toMatchObject({ tokens: 50, holds: 0 });
  });
});

describe("regression: hold leaked by a cancelled stream", () => {
  interface Way {
    readonly title: string;
    readonly end: (stage: Stage) => Promise<void>;
    /** Of Anthropic's dialect, whose first event tells the input. */
    readonly spent: number;
  }
  const failing = (work: Promise<unknown>): Promise<void> => expect(work).rejects.toThrow(Error);
  const ways: readonly Way[] = [
    {
      title: "its reader leaves the loop",
      spent: BROKEN,
      end: async (stage) => void (await read(await messages(stage, "slow"), 3)),
    },
    {
      title: "its reader throws",
      spent: BROKEN,
      end: async (stage) => {
        const stream = await messages(stage, "slow");
        const reading = (async () => {
          for await (const event of stream) throw new Error(`no more of ${String(event.type)}`);
        })();
        await failing(reading);
      },
    },
    {
      title: "it is cancelled while its reader waits",
      spent: BROKEN,
      end: async (stage) => {
        const cancelling = new AbortController();
        const stream = await messages(stage, "slow", { signal: cancelling.signal });
        setTimeout(() => cancelling.abort(), 300);
        await failing(read(stream));
      },
    },
    {
      title: "it is cancelled while nobody reads",
      spent: BROKEN,
      end: async (stage) => {
        const cancelling = new AbortController();
        const stream = await messages(stage, "slow", { signal: cancelling.signal });
        await stream.next();
        cancelling.abort(new Error("enough"));
        await until(() => stage.model.cancelled === 1);
        await pause(100);
        await expect(stream.next()).rejects.toThrow("enough");
      },
    },
    {
      title: "the provider ends the connection in the middle",
      spent: BROKEN,
      end: async (stage) => failing(read(await messages(stage, "break"))),
    },
    {
      title: "its reader leaves before the first event: the model has begun",
      spent: ALL,
      end: async (stage) => {
        const stream = await messages(stage, "slow");
        await stream.return?.();
      },
    },
    { title: "the provider refuses it", spent: 0, end: async (stage) => failing(messages(stage, "fail")) },
    {
      title: "its source throws before anything came",
      spent: 0,
      end: async ({ board }) => {
        // oxlint-disable-next-line require-yield -- it fails before its first event
        const source = async function* (): AsyncGenerator<never> {
          throw new Error("refused");
        };
        const stream = await withBudget(board, { task: TASK, estimate: ALL }, source);
        await failing(stream.next());
      },
    },
    {
      title: "it is cancelled, and its source hangs without listening",
      spent: ALL,
      end: async ({ board }) => {
        const cancelling = new AbortController();
        const source = async function* (): AsyncGenerator<number> {
          yield 1;
          await new Promise(() => undefined);
        };
        const stream = await withBudget(board, { task: TASK, estimate: ALL, signal: cancelling.signal }, source);
        await stream.next();
        setTimeout(() => cancelling.abort(), 50);
        await failing(stream.next());
      },
    },
  ];

  it.each(ways)("$title", async ({ end, spent }) => {
    const stage = await setStage();
    await end(stage);
    expect(await stage.figures()).toMatchObject({ tokens: spent, held: 0, holds: 0 });
    expect(await stage.lastHold()).toBe(spent === 0 ? "released" : "settled");
    // Whoever is left hears of it, so that no model goes on working for nobody.
    if (spent === BROKEN) await until(() => stage.model.cancelled === 1);
  });

  it("ends a hold once, however many ends a stream has", async () => {
    const stage = await setStage();
    const ends: HoldEnd[] = [];
    const cancelling = new AbortController();
    const stream = await messages(stage, "slow", { signal: cancelling.signal, onEnd: (end) => ends.push(end) });
    await stream.next();
    cancelling.abort();
    await Promise.all([
      stream.return?.(),
      stream.next().catch(() => undefined),
      stream.throw?.(new Error("x")).catch(() => undefined),
    ]);
    await stream.return?.();
    await until(() => ends.length > 0);
    await pause(50);
    expect(ends).toMatchObject([{ how: "settled" }]);
    expect(await stage.figures()).toMatchObject({ tokens: BROKEN, holds: 0 });
  });
});

describe("a hold", () => {
  it("is extended while its stream is read, and is not late at the end", async () => {
    const stage = await setStage();
    const ends: HoldEnd[] = [];
    const started = Date.now();
    const reading = read(await messages(stage, "slow", { ttlMs: 1000, onEnd: (end) => ends.push(end) }));
    expect(await reading).toBe(ANSWER + 3);
    expect(Date.now() - started).toBeGreaterThan(3000);
    await until(() => ends.length > 0);
    expect(ends).toMatchObject([{ how: "settled", error: undefined }]);
    const [hold] = (await stage.state()).holds.values();
    expect(hold).toMatchObject({ state: "settled", spent: { tokens: INPUT + CACHED + ANSWER } });
    expect(await stage.figures()).toMatchObject({ tokens: INPUT + CACHED + ANSWER, held: 0, holds: 0 });
  });

  it("of a stream that nobody reads any more runs out; whoever comes back is charged", async () => {
    const stage = await setStage();
    const stream = await messages(stage, "m", { ttlMs: 1000 });
    await stream.next();
    expect((await stage.figures()).holds).toBe(1);
    await pause(4000);
    expect(await stage.lastHold()).toBe("expired");
    expect(await stage.figures()).toMatchObject({ tokens: 0, held: 0 });
    await read(stream);
    expect(await stage.figures()).toMatchObject({ tokens: INPUT + CACHED + ANSWER, held: 0 });
  });

  it("is extended no longer than maxMs", async () => {
    const stage = await setStage();
    const ends: HoldEnd[] = [];
    const call = withBudget(
      stage.board,
      { task: TASK, estimate: 10, ttlMs: 1000, maxMs: 1000, onEnd: (end) => ends.push(end) },
      async () => {
        await pause(3000);
        expect(await stage.lastHold()).toBe("expired");
        return { usage: { input_tokens: 1, output_tokens: 1 } };
      },
    );
    await call;
    await until(() => ends.length > 0);
    // Late, so it is a charge: nothing is lost.
    expect(ends).toMatchObject([{ how: "settled" }]);
    expect(await stage.figures()).toMatchObject({ tokens: 2, held: 0 });
  });

  it("regression: leaked hold after a crash — a process that is killed in the middle of a call leaves a hold that ends by itself", async () => {
    const stage = await setStage();
    const folder = await mkdtemp(join(tmpdir(), "swarmboard-gateway-"));
    const dist = fileURLToPath(new URL("../../dist/client/", import.meta.url));
    const program = join(folder, "agent.mjs");
    await writeFile(
      program,
      `import { connect } from "${dist}index.js";
       import { withBudget } from "${dist}gateway/index.js";
       const board = connect("${stage.server.url}", { agent: "bob" }).board();
       await withBudget(board, { task: "${TASK}", estimate: 100, ttlMs: 1000 }, async () => {
         console.log("calling");
         await new Promise((done) => setTimeout(done, 60_000));
       });`,
    );
    const agent = startProgram(process.execPath, [program]);
    await agent.until("calling");
    await pause(2000);
    expect(await stage.figures()).toMatchObject({ held: 100, holds: 1 });
    await agent.stop("SIGKILL");
    await pause(2500);
    expect(await stage.figures()).toMatchObject({ tokens: 0, held: 0, holds: 0 });
    expect(await stage.lastHold()).toBe("expired");
    await rm(folder, { recursive: true, force: true });
  });
});
