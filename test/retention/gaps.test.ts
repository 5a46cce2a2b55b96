import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BoardFeed } from "../../dist/feed/index.js";
import { fetchPastNotes } from "../../dist/server/live/past-notes.js";
import { createServer } from "../../dist/server/index.js";
import { fill, type Running, start } from "./boards.ts";

const IN_MEMORY = 1000;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-gaps-"));
});
afterEach(() => rm(dir, { recursive: true }));

/** A board with more notes than memory keeps, of whose log only the newest records are left. */
async function cutNotes(leave: number): Promise<Running> {
  const running = await start(dir);
  await fill(running, 5, "a");
  for (let from = 0; from < 1500; from += 50) {
    const some = Array.from({ length: 50 }, (_, n) =>
      running.send({ type: "audit.note", event: n % 2 === 0 ? "even" : "odd", reason: `n${from + n}` }),
    );
    await Promise.all(some);
  }
  await fill(running, 5, "b");
  await running.board.signNow();
  await running.board.past.retain({ retainBytes: leave });
  return running;
}

describe("rule 15, L5: gaps by retention are named", () => {
  it("tells a client that was away for longer that notes are missed, and up to where", async () => {
    const running = await cutNotes(420_000);
    const { board } = running;
    const feed = new BoardFeed(board.state);
    const oldest = board.state.audit.notes[0]!.seq;
    expect(board.past.first).toBeGreaterThan(100);
    expect(board.past.first).toBeLessThan(oldest);
    const past = await fetchPastNotes(board, feed, { event: "even", tail: 0 }, 8);
    expect(past.missed).toEqual({ count: 200_000, from: 8, to: board.past.first - 1 });
    expect(past.texts.length).toBeGreaterThan(10);
    const whole = await fetchPastNotes(board, feed, { event: "even", tail: 0 }, board.past.first + 1);
    expect(whole.missed).toBeUndefined();
    await running.close();
  });

  it("pages through the audit to the end of what is left, each note once, and says where the log begins", async () => {
    const running = await cutNotes(3000);
    const { first } = running.board.past;
    expect(first).toBeGreaterThan(running.board.state.audit.notes[0]!.seq);
    await running.close();
    const server = await createServer({ dataDir: dir, port: 0, logger: false });
    try {
      const seen: string[] = [];
      let next: string | null = null;
      do {
        const query: string = next === null ? "" : `&after=${next}`;
        const answer = await fetch(`${server.url}/api/v1/boards/default/audit?limit=170${query}`);
        const page = (await answer.json()) as {
          first: number;
          total: number;
          next: string | null;
          entries: { reason: string }[];
        };
        expect([page.first, page.total]).toEqual([first, 1500]);
        seen.push(...page.entries.map(({ reason }) => reason));
        ({ next } = page);
      } while (next !== null);
      expect(seen).toEqual(Array.from({ length: IN_MEMORY }, (_, n) => `n${1499 - n}`));
      // Exports name the gap, too; one that can be verified reaches as far back as the archives do.
      const url = `${server.url}/api/v1/boards/default/audit/export`;
      const lines = await fetch(`${url}?format=jsonl`);
      expect(lines.headers.get("x-swarmboard-first")).toBe(String(first));
      expect((JSON.parse((await lines.text()).split("\n")[0]!) as { seq: number }).seq).toBeGreaterThanOrEqual(first);
      const proof = await fetch(`${url}?format=proof`);
      expect(JSON.parse((await proof.text()).split("\n")[0]!)).toMatchObject({ export: 1, from: 1 });
      await rm(join(dir, "boards/default/archive"), { recursive: true });
      expect((await fetch(`${url}?format=proof&first=1`)).status).toBe(410);
      const rest = await fetch(`${url}?format=proof`);
      expect(JSON.parse((await rest.text()).split("\n")[0]!)).toMatchObject({ export: 1, from: first });
    } finally {
      await server.close();
    }
  });
});
