import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import {
  looksLikeBrokenJson,
  parseAmount,
  parseCount,
  parseDuration,
  parseFollow,
  parsePort,
  parseUrl,
  valueOf,
} from "./parse-values.ts";

describe("words of the command line", () => {
  it("are whole amounts, with k and M", () => {
    expect(["0", "8000", "10_000", "50k", "2M"].map(parseAmount)).toEqual([0, 8000, 10_000, 50_000, 2_000_000]);
    for (const word of ["", "-1", "1.5", "1e3", "k", "9007199254740993"])
      expect(() => parseAmount(word)).toThrow(InvalidArgumentError);
  });

  it("are durations with their unit, so that nobody guesses", () => {
    expect(["500ms", "30s", "1.5m", "2h", "1d"].map(parseDuration)).toEqual([
      500, 30_000, 90_000, 7_200_000, 86_400_000,
    ]);
    for (const word of ["5", "s", "0s", "-1s", "1w"]) expect(() => parseDuration(word)).toThrow(InvalidArgumentError);
  });

  it("are folders, with a board's name before them where there is one", () => {
    expect(parseFollow("./x")).toEqual([{ board: "default", dir: "./x" }]);
    expect(parseFollow("team=./x", parseFollow("/y=z"))).toEqual([
      { board: "default", dir: "/y=z" },
      { board: "team", dir: "./x" },
    ]);
    expect(() => parseFollow("team=")).toThrow(InvalidArgumentError);
    expect(() => parseFollow("X Y=/tmp")).toThrow("A board's name is");
  });

  it("are ports and addresses", () => {
    expect([parsePort("0"), parsePort("65535")]).toEqual([0, 65_535]);
    for (const word of ["65536", "-1", "http", ""]) expect(() => parsePort(word)).toThrow(InvalidArgumentError);
    expect(parseUrl("http://localhost:8000/blackboard")).toBe("http://localhost:8000");
    expect(() => parseUrl("localhost:8000")).toThrow(InvalidArgumentError);
    expect(() => parseUrl("https://localhost:8000")).toThrow("plain http only");
    expect(() => parseUrl("http://localhost:8000/team/a")).toThrow("without a path");
    expect(() => parseUrl("http://localhost:8000/?board=a")).toThrow("without a path");
  });

  it("are counts from 1 up, where 0 would look like an empty answer", () => {
    expect(parseCount("1")).toBe(1);
    expect(() => parseCount("0")).toThrow(InvalidArgumentError);
  });

  it("say when text was most likely meant as JSON", () => {
    expect(["{bad", "[1,", '"open', "hello", '{"a":1}', "-5x"].map(looksLikeBrokenJson)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("are JSON where they are JSON, byte for byte, and text otherwise (rule 19)", () => {
    expect(['{"a": 1.0}', "12345678901234567890", "hello", '"quoted"', ""].map(valueOf)).toEqual([
      '{"a":1.0}',
      "12345678901234567890",
      '"hello"',
      '"quoted"',
      '""',
    ]);
  });
});
