// Owns reading a frame from text: is it JSON, and has it the shape that the page relies on.
// Does not own the full schema (protocol/views.ts), which is too heavy for the page. A bad frame is undefined, never an exception.

import type { FullFrame } from "../../protocol/index.ts";

/** A number that JavaScript cannot hold exactly, kept as the text that was sent. */
export class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

type Parse = (
  text: string,
  reviver?: (key: string, value: unknown, context?: { source?: string }) => unknown,
) => unknown;

/** Integers beyond 2^53 keep their digits where the browser tells a number's source text; elsewhere they round as usual. */
export function parseJson(text: string): unknown {
  const parse = JSON.parse as Parse;
  // The reviver visits every value, so it is used only where a long number can be.
  if (!/[0-9]{17}/.test(text)) return parse(text);
  return parse(text, (_key, value, context) =>
    typeof value === "number" &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    context?.source !== undefined
      ? new ExactNumber(context.source)
      : value,
  );
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isListOf(value: unknown, nameOf: string): boolean {
  return Array.isArray(value) && value.every((item) => isFields(item) && typeof item[nameOf] === "string");
}

/** A part of the seed's frame: either it failed and says why, or it holds what `holds` asks for. */
function isPart(value: unknown, holds: (part: Fields) => boolean): boolean {
  if (!isFields(value)) return false;
  return value["success"] === true ? holds(value) : value["success"] === false;
}

function isFullFrame(value: unknown): value is FullFrame {
  if (!isFields(value) || typeof value["timestamp"] !== "string") return false;
  const board = value["board"];
  return (
    isPart(value["blackboard"], (part) => isFields(part["entries"])) &&
    isPart(value["budget"], (part) => isListOf(part["tasks"], "task_id") && typeof part["total_used"] === "number") &&
    isPart(value["audit"], (part) => isListOf(part["entries"], "event") && typeof part["total_count"] === "number") &&
    isFields(board) &&
    typeof board["name"] === "string" &&
    typeof board["seq"] === "number" &&
    isFields(board["entries"]) &&
    isListOf(board["agents"], "agent") &&
    isListOf(board["requests"], "request") &&
    isListOf(board["tasks"], "task") &&
    isListOf(board["sources"], "source")
  );
}

/** The frame in a message of the socket or the body of an answer, or undefined when it is not one. */
export function readFrame(text: string): FullFrame | undefined {
  try {
    const value = parseJson(text);
    return isFullFrame(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
