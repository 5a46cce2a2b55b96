// @vitest-environment happy-dom
// Runs the examples of src/client/guide.md: each block of the guide stands here as it stands there.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { act } from "react";
import { createRoot } from "react-dom/client";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  connect as connectTo,
  type ConnectOptions,
  localStorageCache,
  type Subscription,
  SwarmboardError,
  typed,
} from "../client/index.ts";
import { ScriptedServer } from "../client/scripted-server.fake.ts";
import { SwarmboardProvider, useBoard, useEntry, useKeys, useStatus, useSubscription } from "./index.ts";

const read = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8");
const squeezed = (text: string) => text.replace(/\s+/g, " ").trim();

const server = new ScriptedServer();
server.write("task:1", { status: "open" });
server.write("task:2", "odd");
/** As in the guide, but with the scripted server at the other end. */
const connect = (url: string, options: ConnectOptions) =>
  connectTo(url, { ...options, environment: server.environment });
setInterval(() => void server.run(20), 2);

function Row({ sub, name }: { readonly sub: Subscription | undefined; readonly name: string }) {
  const entry = useEntry(sub, name);
  return <li>{`${name}: ${JSON.stringify(entry?.value)}`}</li>;
}
function Tasks() {
  const sub = useSubscription(useBoard("default"), { entries: { prefix: "task:" } });
  const keys = useKeys(sub?.entries);
  return (
    <ul title={useStatus().phase}>
      {keys.map((key) => (
        <Row key={key} sub={sub} name={key} />
      ))}
    </ul>
  );
}

describe("the guide of the client", () => {
  it("shows only code that is run here", () => {
    const own = squeezed(read("./examples.test.tsx"));
    const blocks = [...read("../client/guide.md").matchAll(/```tsx?\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
    expect(blocks.length).toBe(7);
    for (const block of blocks) expect(own).toContain(squeezed(block));
  });

  it("says what happens", async () => {
    const said: unknown[][] = [];
    vi.spyOn(console, "log").mockImplementation((...words) => void said.push(words));

    const client = connect("http://127.0.0.1:8000", { agent: "planner" });
    const board = client.board("default");
    const sub = board.subscribe({ entries: { prefix: "task:" }, budgets: true, audit: { tail: 100 } });
    await sub.ready;
    console.log(sub.entries.get("task:1")?.value, sub.entries.size, sub.budgets.keys());
    const stop = sub.entries.onKey("task:1", () => console.log("changed", sub.entries.get("task:1")?.value));

    expect(said.splice(0)).toEqual([[{ status: "open" }, 2, []]]);

    const { seq, made } = await board.put("task:1", { status: "done" }, { ttlMs: 60_000 });
    try {
      await board.put("task:1", { status: "again" }, { if: { rev: 7 } });
    } catch (error) {
      if (!(error instanceof SwarmboardError)) throw error;
      console.log(error.code, error.retry, error.facts);
    }
    void board.merge("task:1", { note: "shown at once" }, { echo: true });

    expect([seq, made]).toEqual([3, {}]);
    expect(said.splice(0)).toEqual([
      ["changed", { status: "done" }],
      // The scripted server knows no conditions.
      ["changed", { status: "again" }],
      ["changed", { status: "again", note: "shown at once" }],
    ]);
    stop();

    const Task = z.object({ status: z.string() });
    const tasks = typed(sub.entries, Task);
    const status: string | undefined = tasks.get("task:1")?.value.status;
    console.log(status, tasks.refused("task:2"));

    expect(said.splice(0)).toEqual([["again", [expect.stringContaining("expected object")]]]);

    const rows = board.subscribe({ entries: { window: { count: 50, sort: "changed" } } });
    rows.window.onChange(() => console.log(rows.window.total, rows.window.rows[0]?.key));
    rows.window.move(50, 50, "deploy");

    await rows.ready;

    const told = client.onStatus((status) => console.log(status.phase, "reason" in status ? status.reason : ""));
    console.log(client.status.phase, new Date(client.status.sinceMs));

    expect(said[0]?.[1]).toBeInstanceOf(Date);
    told();
    client.close();

    const cached = connect("http://127.0.0.1:8000", { cache: localStorageCache() });

    await cached.board().subscribe({ entries: {} }).ready;
    cached.close();
    await expect.poll(() => localStorage.length).toBe(1);
  });

  it("renders rows", async () => {
    const client = connect("http://127.0.0.1:8000", {});
    const place = document.createElement("div");
    const root = createRoot(place);
    (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
    await act(async () =>
      root.render(
        <SwarmboardProvider client={client}>
          <Tasks />
        </SwarmboardProvider>,
      ),
    );
    await act(async () => {
      await expect.poll(() => client.status.phase).toBe("live");
    });
    expect(place.querySelector("ul")?.title).toBe("live");
    expect(place.textContent).toContain('task:2: "odd"');
    await act(async () => root.unmount());
    client.close();
  });
});
