// Owns what is known of a stream's usage, from its chunks as they pass. Does not own the stream (metered-stream.ts).
// A usage is final where the provider says that it is the whole; one that is not is what was known when a stream broke.

import { looseOf, type Loose, sumOf, type Usage, usageOf } from "./usage.ts";

export interface Known {
  readonly usage: Usage;
  /** Nothing can be missing in it. */
  readonly final: boolean;
}

export interface UsageMeter {
  chunk(value: unknown): void;
  /** The program says so itself: that holds before everything that is read. */
  tell(usage: Usage): void;
  readonly known: Known | undefined;
}

export function createUsageMeter(): UsageMeter {
  let told: Usage | undefined;
  let read: Known | undefined;
  /** Anthropic: the usage of the start, with what later events change. */
  let message: Loose | undefined;
  /** AI SDK: the steps so far. */
  let steps: Usage | undefined;

  const take = (usage: Usage | undefined, final: boolean): void => {
    if (usage !== undefined) read = { usage, final };
  };

  return {
    chunk(value) {
      const chunk = looseOf(value);
      if (chunk === undefined) return;
      switch (chunk["type"]) {
        case "message_start":
          message = looseOf(looseOf(chunk["message"])?.["usage"]);
          return take(usageOf(message), false);
        case "message_delta": {
          // Its counts are those of the whole message so far.
          const news = Object.entries(looseOf(chunk["usage"]) ?? {}).filter(([, tokens]) => tokens !== null);
          message = { ...message, ...Object.fromEntries(news) };
          return take(usageOf(message), typeof looseOf(chunk["delta"])?.["stop_reason"] === "string");
        }
        case "response.completed":
        case "response.incomplete":
        case "response.failed":
          return take(usageOf(chunk["response"]), true);
        case "finish-step":
        case "step-finish": {
          const step = usageOf(chunk);
          if (step === undefined) return undefined;
          steps = steps === undefined ? step : sumOf(steps, step);
          return take(steps, false);
        }
        case "finish":
          // The steps know how their provider counts; the sum at the end does not.
          return take(steps ?? usageOf(chunk), true);
        default: {
          // Chat completions: the last chunk has no choices, and the usage. Some servers count along in every chunk.
          const choices = chunk["choices"];
          const usage = looseOf(chunk["usage"]);
          if (usage !== undefined) take(usageOf(usage), Array.isArray(choices) && choices.length === 0);
          return undefined;
        }
      }
    },
    tell(usage) {
      told = usage;
    },
    get known() {
      return told === undefined ? read : { usage: told, final: true };
    },
  };
}
