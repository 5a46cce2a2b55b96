// Guards how a channel tells its audience: each at its rate, all of a cohort with one frame, nobody left behind (L3 to L5).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { momentOf, notesFor, shownAt } from "../../../test/live/moments.ts";
import { seed } from "../../../test/live/feed-world.ts";
import { NAMED_STREAMS } from "../../../test/live/reference-replica.ts";
import { endStagesAfterEach, put, setStage, type Stage, type StageClient, turns } from "../../../test/live/stage.ts";
import { type Command, filterSchema, type JsonText } from "../../protocol/index.ts";

endStagesAfterEach();

const subscribe = (client: StageClient, more: object = {}): Promise<unknown> =>
  client.ask("subscribe", { sub: "s", board: "b", entries: {}, rateMs: 50, ...more });

const syncsAt = (client: StageClient): number[] =>
  client.heard.flatMap((one) => ("push" in one && one.push.method === "sync" ? [one.atMs] : []));

/** The client stands at the head, and holds what is there. */
function expectCaughtUp(stage: Stage, client: StageClient, filter: object): void {
  const replica = client.replica("s");
  const shown = shownAt(momentOf(stage.board.state), filterSchema.parse(filter));
  for (const stream of NAMED_STREAMS) expect(replica.held.streams[stream]).toEqual(shown[stream]);
}

describe(`a channel (seed ${seed})`, () => {
  it("W-SUB-6: the first change after a quiet time is told at once, later ones every rateMs, conflated", async () => {
    const stage = await setStage();
    const client = stage.join();
    await subscribe(client);
    await stage.pass(1000);
    const began = stage.timers.now();
    for (let i = 0; i < 100; i++) {
      await stage.write(put("k", i));
      await stage.pass(2, 1);
    }
    const at = syncsAt(client).slice(1);
    expect(at[0]! - began).toBeLessThanOrEqual(1);
    for (let i = 1; i < at.length; i++) expect(at[i]! - at[i - 1]!).toBeGreaterThanOrEqual(50);
    expect(at.length).toBeLessThanOrEqual(5);
    await stage.pass(100);
    expectCaughtUp(stage, client, { entries: {} });
  });

  it("W-SUB-2, L6: entries of a prefix are counted by the order of keys; no step looks at many, and others are served meanwhile", async () => {
    const works: { readonly work: Generator<void, void, void>; readonly done: () => void }[] = [];
    const stage = await setStage({
      host: { atOnceEntries: 20, stepEntries: 16, run: (work, done) => void works.push({ work, done }) },
    });
    await stage.write(...Array.from({ length: 500 }, (_, i) => put(`${i % 2 === 0 ? "a" : "b"}${i}`, i)));
    const { entries } = stage.board.state;
    let looked = 0;
    const keysOf = entries.keys.bind(entries);
    Object.defineProperty(entries, "keys", {
      *value() {
        for (const key of keysOf()) {
          looked++;
          yield key;
        }
      },
    });
    const clients = Array.from({ length: 3 }, () => stage.join());
    const few = clients.map((client) => subscribe(client, { entries: { prefix: "a", atMost: 249 } }));
    const enough = subscribe(stage.join(), { entries: { prefix: "b", atMost: 250 } });
    const other = stage.join();
    await subscribe(other, { entries: { keys: ["a0"] } });
    await turns();
    expect(looked).toBe(0);
    // One order for everyone.
    expect(works).toHaveLength(1);
    const { work, done } = works[0]!;
    for (let written = 0; ; written++) {
      const before = looked;
      if (work.next().done === true) break;
      expect(looked - before).toBeLessThanOrEqual(16);
      if (written < 3) await stage.write(put("a0", written));
    }
    expect(clients.flatMap(({ replies }) => replies)).toEqual([]);
    await stage.pass(200);
    expect(other.replica("s").held.streams.entries.get("a0")?.value).toBe(2);
    done();
    await Promise.all([...few, enough]);
    await stage.pass(200);
    for (const client of clients) expect(client.replica("s").held.over).toBe(250);
    expect(looked).toBeLessThanOrEqual(500);
  });

  it("L4: all of a cohort at a position get the same frame object; another sub, rate or filter shares nothing wrong", async () => {
    const stage = await setStage();
    await stage.write(...Array.from({ length: 30 }, (_, i) => put(`k${i}`, "x".repeat(10_000))));
    const crowd = Array.from({ length: 5 }, () => stage.join());
    for (const client of crowd) await subscribe(client);
    const other = stage.join();
    await subscribe(other, { entries: { prefix: "k1" } });
    for (let i = 0; i < 5; i++) {
      await stage.write(put(`k${i}`, i), put("z", i));
      await stage.pass(60);
    }
    const [first, ...rest] = crowd.map((client) => client.frames());
    expect(first!.length).toBeGreaterThan(6);
    for (const frames of rest) {
      expect(frames).toHaveLength(first!.length);
      for (const [i, frame] of frames.entries()) expect(frame).toBe(first![i]);
    }
    for (const frame of other.frames()) expect(first).not.toContain(frame);
    expectCaughtUp(stage, other, { entries: { prefix: "k1" } });
  });

  it("L3: whoever gets a kept answer of a moment ago is told the rest, although nothing happens any more", async () => {
    const stage = await setStage();
    await stage.write(...Array.from({ length: 40 }, (_, i) => put(`k${i}`, "x".repeat(1000))));
    const early = stage.join();
    await subscribe(early);
    await stage.write(put("k0", "new"));
    await stage.pass(200);
    const late = stage.join();
    await subscribe(late);
    expect(late.frames()[0]).toBe(early.frames()[0]);
    expect(late.replica("s").at).toBeLessThan(stage.board.state.seq);
    await stage.pass(100);
    for (const client of [early, late]) expectCaughtUp(stage, client, { entries: {} });
  });

  it("W-FLOW-2: a slow reader is told as it reads, the others as ever", async () => {
    const stage = await setStage();
    await stage.write(...Array.from({ length: 60 }, (_, i) => put(`k${i}`, "x".repeat(20_000))));
    const [slow, quick] = [stage.join(), stage.join()];
    slow.reads = false;
    await subscribe(slow);
    await subscribe(quick);
    for (let i = 0; i < 100; i++) {
      await stage.write(put(`k${i % 60}`, String(i).repeat(3000)));
      slow.read(20_000);
      await stage.pass(60);
      expect(quick.replica("s").at).toBe(stage.board.state.seq);
      expect(slow.waitingBytes).toBeLessThanOrEqual(2 * 262_144);
    }
    expect(slow.sentBytes).toBeLessThan(2 * 262_144 + 100 * 20_000);
    slow.reads = true;
    slow.read();
    await stage.pass(200);
    for (const client of [slow, quick]) expectCaughtUp(stage, client, { entries: {} });
  });

  it("L7: whoever is held while deletes are forgotten loses none of them", async () => {
    const stage = await setStage();
    const keys = Array.from({ length: 110_000 }, (_, i) => `k${i}`);
    const inBatches = async (make: (key: string) => Command): Promise<void> => {
      for (let i = 0; i < keys.length; i += 10_000) {
        const commands = keys.slice(i, i + 10_000).map(make) as never;
        await stage.write({ type: "batch", commands });
      }
    };
    await inBatches((key) => put(key, 1));
    const client = stage.join();
    await subscribe(client);
    await stage.pass(500);
    expect(client.replica("s").held.streams.entries.size).toBe(110_000);
    client.ack();
    client.acks = false;
    client.reads = false;
    client.waitingBytes = 1e6;
    await inBatches((key) => ({ type: "entry.delete", key }));
    await stage.pass(100);
    client.reads = true;
    client.acks = true;
    client.read();
    await stage.pass(500);
    expectCaughtUp(stage, client, { entries: {} });
  });

  it("L5: notes that memory let go while a client was held come from disk, in order and each once", async () => {
    const stage = await setStage();
    const client = stage.join();
    const filter = { audit: { agent: "ann", tail: 5 } };
    await subscribe(client, { entries: undefined, ...filter });
    client.reads = false;
    client.waitingBytes = 1e6;
    const told: string[] = [];
    for (let i = 0; i < 3000; i++) {
      const agent = i % 3 === 0 ? "ann" : "bob";
      if (agent === "ann") told.push(String(i));
      await stage.write({ type: "audit.note", event: "e", agent, reason: String(i) });
    }
    client.reads = true;
    client.read();
    await stage.pass(200);
    const { notes, missed, total } = client.replica("s").held;
    expect([notes.map(({ note }) => note.reason), missed, total]).toEqual([told, [], 3000]);
  });

  it.each(["the first answer", "a flush", "an acknowledgement"])(
    "L5: a fault in telling one at %s ends that one with 1011, and nothing else",
    async (when) => {
      const stage = await setStage();
      await stage.write(...Array.from({ length: 80 }, (_, i) => put(`k${i}`, "x".repeat(20_000))));
      const [client, other] = [stage.join(), stage.join()];
      let held = 0;
      client.hold = () => void held++;
      client.release = () => void held--;
      const { feed } = (await stage.hub.channelOf("b"))!;
      await subscribe(other, { sub: "o", entries: { keys: ["z"] } });
      const breakFeed = (): void => {
        feed.texts.of = () => {
          throw new Error("a mistake");
        };
      };
      // From its first acknowledgement on it is told no more than it says that it got.
      client.ack(0);
      client.acks = when === "a flush";
      if (when === "the first answer") breakFeed();
      await subscribe(client);
      await stage.pass(200);
      const told = client.syncs;
      breakFeed();
      if (when === "a flush") await stage.write(put("k1", "new"));
      if (when === "an acknowledgement") for (let i = 1; i <= 5; i++) client.ack();
      await stage.pass(100);
      expect([client.closed?.code, held, other.closed]).toEqual([1011, 0, undefined]);
      expect(client.replies).toHaveLength(1);
      expect(told > 1).toBe(when !== "the first answer");
      expect(stage.faults.map(String)).toEqual(["Error: a mistake"]);
    },
  );

  it("W-WIN-4: a window that is moved between two pages of a first snapshot tells nothing twice", async () => {
    const stage = await setStage();
    for (let i = 0; i < 900; i++)
      await stage.write({ type: "audit.note", event: "e", reason: `${i} ${"x".repeat(2000)}` });
    await stage.write(put("k0", 0), put("k1", 1));
    const client = stage.join();
    client.acks = false;
    client.ack(0);
    await subscribe(client, { entries: { window: { count: 1 } }, audit: { tail: 1000 } });
    expect(client.replica("s").at).toBeUndefined();
    await client.ask("window", { sub: "s", from: 1, count: 1 });
    await stage.write(put("k1", 2));
    client.acks = true;
    await stage.pass(1000);
    const { notes, window } = client.replica("s").held;
    expect(notes.map(({ note }) => note.reason.split(" ")[0])).toEqual(
      Array.from({ length: 900 }, (_, i) => String(i)),
    );
    expect(window).toMatchObject({ from: 1, rows: [{ key: "k1", value: 2 }] });
  });

  it("L3, L5: whatever is written, read, acknowledged, held and resumed, everyone comes to the truth", async () => {
    const key = fc.constantFrom("a", "b", "large/1", "large/2", "large/3");
    const command: fc.Arbitrary<Command> = fc.oneof(
      fc.tuple(key, fc.nat({ max: 60_000 })).map(([name, units]) => put(name, { text: "x".repeat(units), n: 0 })),
      fc.tuple(key, fc.nat()).map(([name, n]) => ({
        type: "entry.merge" as const,
        key: name,
        patch: JSON.stringify({ n }) as JsonText,
      })),
      key.map((name) => ({ type: "entry.delete" as const, key: name })),
      key.map((event) => ({ type: "audit.note" as const, event })),
      key.map((task) => ({ type: "task.report" as const, task, status: task })),
    );
    const who = fc.nat({ max: 3 });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ write: fc.array(command, { minLength: 1, maxLength: 6 }) }) },
      { weight: 3, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 200 }) }) },
      { weight: 1, arbitrary: fc.record({ toggle: fc.constantFrom("reads", "acks"), who }) },
      { weight: 1, arbitrary: fc.record({ resume: who }) },
    );
    const filters = [
      { entries: {}, tasks: true, audit: { tail: 3 } },
      { entries: { prefix: "large/" } },
      { audit: { event: "a", tail: 0 }, agents: true },
      { entries: { keys: ["a", "large/2"] } },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (script) => {
        const stage = await setStage();
        const resumes: string[] = [];
        const connect = async (i: number, before?: StageClient): Promise<StageClient> => {
          const client = stage.join();
          const replica = before?.replicas.get("s");
          if (replica !== undefined) {
            replica.disconnect();
            client.replicas.set("s", replica);
          }
          const at = replica?.at;
          const cursor = at === undefined ? undefined : `${resumes[i]}.${at}`;
          const { result } = (await client.ask("subscribe", {
            sub: "s",
            board: "b",
            ...filters[i],
            rateMs: i * 40,
            cursor,
          })) as { result: { resume: string; reset?: string } };
          expect(result.reset).toBeUndefined();
          resumes[i] = result.resume;
          return client;
        };
        const clients: StageClient[] = [];
        for (let i = 0; i < 4; i++) clients.push(await connect(i));
        for (const one of script) {
          if ("write" in one) await stage.write(...one.write);
          else if ("pass" in one) await stage.pass(one.pass);
          else if ("toggle" in one) {
            const client = clients[one.who]!;
            client[one.toggle] = !client[one.toggle];
          } else {
            const before = clients[one.resume]!;
            before.session.end();
            clients[one.resume] = await connect(one.resume, before);
          }
        }
        for (const client of clients) client.reads = client.acks = true;
        await stage.pass(3000, 100);
        for (const [i, client] of clients.entries()) {
          expect([client.closed, client.replica("s").at]).toEqual([undefined, stage.board.state.seq]);
          expectCaughtUp(stage, client, filters[i]!);
          const filter = filterSchema.parse(filters[i]);
          const { notes, missed } = client.replica("s").held;
          if (filter.audit === undefined) continue;
          const all = notesFor(stage.board.state.audit.notes, filter);
          expect([notes, missed]).toEqual([all.slice(all.length - notes.length), []]);
          const since = client.replica("s").startedAt!;
          expect(notes.length).toBeGreaterThanOrEqual(all.filter(({ seq }) => seq > since).length);
        }
        expect(stage.faults).toEqual([]);
        stage.hub.close();
        await turns(1);
        await stage.engine.close();
      }),
      { seed, numRuns: 100, plugins: [fc.interruptAfterTimeLimit(4000)] },
    );
  });
});
