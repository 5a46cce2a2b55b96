import { describe, expect, it } from "vitest";
import { createEchoes, type Echo } from "./echoes.ts";
import type { Entry } from "./items.ts";

const NONE: ReadonlySet<string> = new Set<string>();
const put = (id: string, key: string): Echo => ({
  id,
  command: { type: "entry.put", key, value: 1 },
  by: "ann",
  at: 0,
});

describe("echoes", () => {
  it("end with a history that is lost, if their command was answered in it (L7; simulation seeds 4077 and 7571)", () => {
    const echoes = createEchoes(new Map<string, Entry>());
    echoes.add(put("one", "answered"));
    echoes.add(put("two", "under way"));
    echoes.settle("one", 50);
    echoes.forgetPositions();
    expect([...echoes.moved(3, NONE)]).toEqual(["answered"]);
    expect([...echoes.over.keys()]).toEqual(["under way"]);
  });
});
