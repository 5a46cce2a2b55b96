// Owns telling the blackboard dialects apart. An empty or unknown text is never an empty board.

import { parseNetworkAiBoard } from "./network-ai-board.ts";
import { parseZejzlBoard } from "./zejzl-board.ts";
import type { Parsed } from "./parsed.ts";
import { unbelievable } from "./parsed.ts";

/** Lines that only Network-AI writes, and writes before anything that could be cut off. */
const NETWORK_AI = /^(?:Last Updated: |Content Hash: |## Active Tasks\s*$|## Knowledge Cache\s*$)/m;
const ZEJZL = /^- \*\*Value:\*\*/m;

/**
 * @param emptyHeadIsEmptyBoard a bare heading means "no keys" (zejzlAI's blackboard.md); otherwise it is the cut-off
 * beginning of a Network-AI file.
 */
export function parseBlackboard(source: string, nowMs: number, emptyHeadIsEmptyBoard: boolean): Parsed {
  const text = source.startsWith("\uFEFF") ? source.slice(1) : source;
  if (text.trim() === "") return unbelievable("the file is empty");
  const firstNetworkAi = text.search(NETWORK_AI);
  const firstZejzl = text.search(ZEJZL);
  // A value may quote the other dialect: whichever shows first is the file's own.
  if (firstNetworkAi >= 0 && (firstZejzl < 0 || firstNetworkAi < firstZejzl)) return parseNetworkAiBoard(text, nowMs);
  if (firstZejzl < 0 && !emptyHeadIsEmptyBoard) return unbelievable("no complete section yet");
  return parseZejzlBoard(text, nowMs);
}
