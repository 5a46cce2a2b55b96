// Guards what listeners are told, and that what did not change stays the same object.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createCollection } from "./collections.ts";
import { createCommandId } from "./command-id.ts";
import { filterName } from "./filter-name.ts";
import type { Entry } from "./items.ts";
import { createListeners } from "./listeners.ts";
import { typed } from "./typed-entries.ts";

const entry = (key: string, value: unknown): Entry => ({ key, value, rev: 1, seq: 1, by: "a", at: 0 });

describe("a collection", () => {
  const set = () => {
    const items = new Map([["a", entry("a", 1)]]);
    const owned = createCollection(items);
    const change = (key: string, value: unknown) => {
      const members = !items.has(key);
      items.set(key, entry(key, value));
      owned.touch(members);
      owned.tell(new Set([key]));
    };
    return { items, change, ...owned };
  };

  it("tells only those who asked for the name, and once", () => {
    const { collection, change } = set();
    const told: string[] = [];
    const stop = collection.onKey("a", () => told.push("a"));
    collection.onKey("b", () => told.push("b"));
    collection.onChange((names) => told.push([...names].join()));
    change("b", 1);
    change("a", 2);
    stop();
    change("a", 3);
    expect(told).toEqual(["b", "b", "a", "a", "a"]);
  });

  it("keeps its list of names until one comes or goes, and its items until one changes", () => {
    const { collection, change } = set();
    const { 0: keys, 1: items } = [collection.keys(), collection.items()];
    expect(collection.keys()).toBe(keys);
    expect(collection.items()).toBe(items);
    change("a", 2);
    expect(collection.keys()).toBe(keys);
    expect(collection.items()).not.toBe(items);
    change("b", 2);
    expect(collection.keys()).toEqual(["a", "b"]);
    expect([...collection].map(({ value }) => value)).toEqual([2, 2]);
  });

  it("shows what lies over it", () => {
    const over = new Map<string, Entry | undefined>();
    const owned = createCollection(new Map([["a", entry("a", 1)]]), over);
    over.set("a", undefined).set("b", entry("b", 2));
    owned.touch(true);
    expect(owned.collection.keys()).toEqual(["b"]);
    expect(owned.collection.size).toBe(1);
    expect(owned.collection.has("a")).toBe(false);
  });

  it("tells the others although one listener throws or ends another", async () => {
    const thrown = new Promise((resolve) => process.once("uncaughtException", resolve));
    const listeners = createListeners<number>();
    const told: number[] = [];
    listeners.add(() => {
      stop();
      throw new Error("mine");
    });
    const stop = listeners.add(() => told.push(0));
    listeners.add((value) => told.push(value));
    const before = process.listeners("uncaughtException").slice(0, -1);
    for (const one of before) process.off("uncaughtException", one);
    listeners.tell(7);
    expect(told).toEqual([7]);
    expect(await thrown).toMatchObject({ message: "mine" });
    for (const one of before) process.on("uncaughtException", one);
  });
});

describe("typed entries", () => {
  it("give values that the schema knows, and say why they refuse others; each is checked once", () => {
    let checks = 0;
    const items = new Map([
      ["a", entry("a", { n: "1" })],
      ["b", entry("b", { n: true })],
    ]);
    const { collection } = createCollection(items);
    const counted = z.object({ n: z.string().transform((n) => (checks++, Number(n))) });
    const numbers = typed(collection, counted);
    const n: number | undefined = numbers.get("a")?.value.n;
    expect(n).toBe(1);
    expect(numbers.keys()).toEqual(["a"]);
    expect(numbers.has("b")).toBe(false);
    expect(numbers.get("b")).toBeUndefined();
    expect(numbers.refused("b")).toEqual([expect.stringContaining("expected string")]);
    expect(numbers.refused("a")).toBeUndefined();
    expect(numbers.items()).toBe(numbers.items());
    expect(checks).toBe(1);
  });

  it("take anything that parses, and nothing that answers later", () => {
    const { collection } = createCollection(new Map([["a", entry("a", "x")]]));
    expect(typed(collection, { parse: (value) => `${String(value)}!` }).get("a")?.value).toBe("x!");
    const refusing = {
      parse(): never {
        throw new Error("never");
      },
    };
    expect(typed(collection, refusing).refused("a")).toEqual(["never"]);
    const later = { "~standard": { version: 1 as const, validate: () => Promise.resolve({ value: 1 }) } };
    expect(() => typed(collection, later).get("a")).toThrow(TypeError);
  });
});

describe("names", () => {
  it("of subscriptions are the same for the same filter (W-SUB-1)", () => {
    const name = filterName("b", { entries: { prefix: "t", atMost: 5 }, agents: true });
    expect(filterName("b", { agents: true, entries: { atMost: 5, prefix: "t" } })).toBe(name);
    expect(filterName("c", { agents: true, entries: { atMost: 5, prefix: "t" } })).not.toBe(name);
    expect(name).toMatch(/^agents-entries_[a-z0-9]+$/);
  });

  it("of commands are UUIDv7 of their time (W-CMD-2)", () => {
    const id = createCommandId({ wallNow: () => 0x1_2345_6789_abcd % 2 ** 48, random: () => 0.999_999_999 });
    expect(id).toBe("12345678-9abc-7fff-bfff-ffffffffffff".replace("12345678-9abc", "23456789-abcd"));
  });
});
