// Owns a model provider for tests: a real HTTP server that speaks OpenAI's and Anthropic's dialects, whole and as event
// streams, with usage. Does not own what is expected of those who call it. What it does is said by the name of the model.
//
//   *fail*   answers 500 (with a stream: before the first event)      *hang*   never answers
//   *break*  ends the connection in the middle of a stream             *slow*   takes its time between two events

import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** Tokens of the input that are read from a cache, of every call. */
export const CACHED = 64;
/** Tokens of a whole answer, unless max_tokens are fewer; of them so many are reasoning where the dialect knows it. */
export const ANSWER = 40;
export const REASONED = 8;
const SLOW_MS = 150;

export interface ModelServer {
  readonly url: string;
  /** Requests that came. */
  readonly requests: number;
  /** Requests whose caller went away before the end. */
  readonly cancelled: number;
  close(): Promise<void>;
}

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly max_tokens?: number;
  readonly max_output_tokens?: number;
  readonly messages?: readonly { readonly content: string }[];
  readonly input?: string;
}

/** Plain input: the words. */
export const inputTokens = (text: string): number => text.split(/\s+/).length;

export async function startModelServer(): Promise<ModelServer> {
  let requests = 0;
  let cancelled = 0;
  const server = http.createServer((request, response) => {
    requests++;
    response.on("close", () => {
      if (!response.writableFinished) cancelled++;
    });
    void serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    get cancelled() {
      return cancelled;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
  const { model } = asked;
  if (model.includes("hang")) return;
  if (model.includes("fail")) {
    response.writeHead(500, { "content-type": "application/json" }).end('{"error": {"message": "the model is down"}}');
    return;
  }
  const text = asked.input ?? asked.messages?.map(({ content }) => content).join(" ") ?? "";
  const input = inputTokens(text);
  const output = Math.min(ANSWER, asked.max_tokens ?? asked.max_output_tokens ?? ANSWER);
  const dialect = DIALECTS[request.url ?? ""];
  if (dialect === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (asked.stream !== true) {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(dialect.whole(input, output)));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const events = dialect.events(input, output);
  for (const [index, event] of events.entries()) {
    if (response.destroyed) return;
    if (model.includes("break") && index === Math.floor(events.length / 2)) {
      // What was written goes out first.
      await pause(100);
      response.destroy();
      return;
    }
    const type = "type" in event ? `event: ${String(event.type)}\n` : "";
    response.write(`${type}data: ${JSON.stringify(event)}\n\n`);
    if (model.includes("slow")) await pause(SLOW_MS);
  }
  response.end(dialect.end);
}

interface Dialect {
  whole(input: number, output: number): object;
  events(input: number, output: number): readonly object[];
  readonly end: string;
}

const words = (output: number): string[] => Array.from({ length: output }, (_, at) => `word${at} `);

const chatUsage = (input: number, output: number) => ({
  prompt_tokens: input + CACHED,
  completion_tokens: output,
  total_tokens: input + CACHED + output,
  prompt_tokens_details: { cached_tokens: CACHED },
  completion_tokens_details: { reasoning_tokens: Math.min(REASONED, output) },
});
const responseUsage = (input: number, output: number) => ({
  input_tokens: input + CACHED,
  input_tokens_details: { cached_tokens: CACHED },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: Math.min(REASONED, output) },
  total_tokens: input + CACHED + output,
});
const messageUsage = (input: number, output: number) => ({
  input_tokens: input,
  cache_read_input_tokens: CACHED,
  cache_creation_input_tokens: 0,
  output_tokens: output,
});

const DIALECTS: Readonly<Record<string, Dialect>> = {
  "/v1/chat/completions": {
    whole: (input, output) => ({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: words(output).join("") }, finish_reason: "stop" }],
      usage: chatUsage(input, output),
    }),
    events: (input, output) => [
      ...words(output).map((content) => ({
        object: "chat.completion.chunk",
        choices: [{ index: 0, delta: { content } }],
        usage: null,
      })),
      { object: "chat.completion.chunk", choices: [], usage: chatUsage(input, output) },
    ],
    end: "data: [DONE]\n\n",
  },
  "/v1/responses": {
    whole: (input, output) => ({
      object: "response",
      output_text: words(output).join(""),
      usage: responseUsage(input, output),
    }),
    events: (input, output) => [
      { type: "response.created", response: { status: "in_progress", usage: null } },
      ...words(output).map((delta) => ({ type: "response.output_text.delta", delta })),
      { type: "response.completed", response: { status: "completed", usage: responseUsage(input, output) } },
    ],
    end: "",
  },
  "/v1/messages": {
    whole: (input, output) => ({
      type: "message",
      content: [{ type: "text", text: words(output).join("") }],
      usage: messageUsage(input, output),
    }),
    events: (input, output) => [
      { type: "message_start", message: { usage: messageUsage(input, 1) } },
      ...words(output).map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: output } },
      { type: "message_stop" },
    ],
    end: "",
  },
};
