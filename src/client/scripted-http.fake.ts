// Owns answers over HTTP for unit tests: JSON at once, or an event stream that is fed by hand.
// Does not own what is answered to what (each test).

import type { FetchInit, ResponseLike } from "./environment.ts";

const headersOf = (headers: Readonly<Record<string, string>>) => ({
  get: (name: string) => headers[name.toLowerCase()] ?? null,
});

export function jsonAnswer(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): ResponseLike {
  return {
    ok: status < 400,
    status,
    headers: headersOf({ "content-type": "application/json", ...headers }),
    text: () => Promise.resolve(JSON.stringify(body)),
    body: null,
  };
}

export class ScriptedStream {
  ended = false;
  readonly #chunks: Uint8Array[] = [];
  #wake: (() => void) | undefined;

  push(name: string, data: unknown): void {
    this.#chunks.push(new TextEncoder().encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
    this.#wake?.();
  }
  end(): void {
    this.ended = true;
    this.#wake?.();
  }
  answer({ signal }: FetchInit): ResponseLike {
    const read = async (): Promise<{ done: boolean; value?: Uint8Array }> => {
      for (;;) {
        if (signal.aborted) throw new TypeError("aborted");
        const value = this.#chunks.shift();
        if (value !== undefined) return { done: false, value };
        if (this.ended) return { done: true };
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener("abort", () => resolve());
        });
      }
    };
    const cancel = () => {
      this.ended = true;
      return Promise.resolve();
    };
    return {
      ok: true,
      status: 200,
      headers: headersOf({ "content-type": "text/event-stream; charset=utf-8" }),
      text: () => Promise.reject(new TypeError("a stream")),
      body: { getReader: () => ({ read, cancel }) },
    };
  }
}
