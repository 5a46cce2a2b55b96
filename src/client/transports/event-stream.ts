// Owns one answer of the event stream (W-HTTP-1): what comes is passed on as it comes, until the server ends it.
// Does not own asking again, or ending a silent stream (http.ts).

import type { ResponseLike } from "../environment.ts";
import { parseJson } from "../exact-json.ts";
import { createEventReader } from "./event-text.ts";

/** Reads to the end of the answer. `event` gets the event's name, its data as JSON, and how long that was. */
export async function readEventStream(
  response: ResponseLike,
  event: (name: string, told: unknown, sizeBytes: number) => void,
): Promise<void> {
  if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream") || response.body === null)
    throw new TypeError("the answer is no event stream");
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const read = createEventReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const { name, data } of read(decoder.decode(value, { stream: true })))
        event(name, parseJson(data), data.length);
    }
  } finally {
    // Where the answer ended by itself there is nothing to cancel.
    await reader.cancel().catch(() => undefined);
  }
}
