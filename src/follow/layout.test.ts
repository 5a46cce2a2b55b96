// Owns the proof that the files of a workspace are found from any folder that a person may name.

import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { discover, layoutOf } from "./layout.ts";

async function tree(...files: readonly string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "swarmboard-layout-"));
  for (const file of files) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), "");
  }
  return dir;
}

describe("layouts of formats.md", () => {
  it("v2 and v5: root or base, and its data folder, are one workspace", async () => {
    const dir = await tree("swarm-blackboard.md", "data/audit_log.jsonl");
    expect(await layoutOf(join(dir, "data"))).toEqual(await layoutOf(dir));
    expect((await layoutOf(dir)).folders).toEqual([dir, join(dir, "data")]);
  });

  it("v5 Python: the data folder with its own blackboard stands for itself", async () => {
    const dir = await tree("data/swarm-blackboard.md", "data/audit_log.jsonl");
    expect((await layoutOf(join(dir, "data"))).base).toBe(join(dir, "data"));
    expect((await layoutOf(dir)).folders).toContain(join(dir, "data"));
  });

  it("a single environment is the workspace; of several each is one of its own", async () => {
    const one = await tree("prod/swarm-blackboard.md", "prod/data/audit_log.jsonl");
    expect((await layoutOf(one)).folders).toEqual([
      one,
      join(one, "data"),
      join(one, "prod"),
      join(one, "prod", "data"),
    ]);
    expect((await discover(one)).map((found) => found.name)).toEqual([""]);
    const two = await tree("data/prod/swarm-blackboard.md", "data/dev/swarm-blackboard.md");
    expect(await discover(two)).toEqual([
      { name: "", kind: "workspace", dir: two },
      { name: "dev", kind: "environment", dir: join(two, "data", "dev") },
      { name: "prod", kind: "environment", dir: join(two, "data", "prod") },
    ]);
  });

  it("named boards are found, with names fit for boards", async () => {
    const dir = await tree("swarm-blackboard.md", "boards/Team A/swarm-blackboard.md", "boards/empty/notes.txt");
    expect(await discover(dir)).toEqual([
      { name: "", kind: "workspace", dir },
      { name: "team-a", kind: "board", dir: join(dir, "boards", "Team A") },
    ]);
  });

  it("a folder that does not exist is a layout too", async () => {
    expect(await layoutOf("/nonexistent/workspace")).toMatchObject({ exists: false, base: "/nonexistent/workspace" });
    expect(await discover("/nonexistent/workspace")).toHaveLength(1);
  });
});
