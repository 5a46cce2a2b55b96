// Owns reading an event stream (WHATWG HTML, server-sent events) from text that comes in pieces, cut anywhere.
// Does not own bytes: a decoder that keeps half characters stands before it. Bounded: a longer event ends the stream.

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** Characters of one event. Far above one frame, or one entry. */
const MAX_EVENT_CHARS = 32 * 1_048_576;

/** The answer takes the next piece and gives the events that it completes. @throws RangeError */
export function createEventReader(): (piece: string) => StreamEvent[] {
  let rest = "";
  let name = "";
  let data: string[] = [];
  let heldChars = 0;

  /** The event, if this line ends one. */
  function line(text: string): StreamEvent | undefined {
    if (text === "") {
      const event = data.length > 0 ? { name: name || "message", data: data.join("\n") } : undefined;
      name = "";
      data = [];
      heldChars = 0;
      return event;
    }
    const colon = text.indexOf(":");
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    if (field === "data") {
      data.push(value);
      heldChars += value.length;
    }
    // `id` is not needed: a cursor is the replica's own position. `retry` neither: the machine knows when.
    return undefined;
  }

  return (piece) => {
    rest += piece;
    const events: StreamEvent[] = [];
    let start = 0;
    for (const match of rest.matchAll(/\r\n|\n|\r(?!$)/g)) {
      const event = line(rest.slice(start, match.index));
      if (event !== undefined) events.push(event);
      start = match.index + match[0].length;
    }
    rest = rest.slice(start);
    if (rest.length + heldChars > MAX_EVENT_CHARS) throw new RangeError("an event of the stream is too long");
    return events;
  };
}
