// Owns calling a model over HTTP, as the other examples need it: JSON in, JSON or a stream of events out.
// Yours is your provider's SDK; whatever it answers with, `swarmboard/gateway` reads the usage.

export class ModelError extends Error {
  constructor(status, body) {
    super(`the model's server answered ${status}: ${body}`);
    this.status = status;
  }
}

const KEY = process.env.MODEL_API_KEY ?? "";
const headersOf = (url) => ({
  "content-type": "application/json",
  ...(url.endsWith("/messages")
    ? { "x-api-key": KEY, "anthropic-version": "2023-06-01" }
    : { authorization: `Bearer ${KEY}` }),
});

async function post(url, body, signal) {
  const response = await fetch(url, { method: "POST", headers: headersOf(url), body: JSON.stringify(body), signal });
  if (!response.ok) throw new ModelError(response.status, await response.text());
  return response;
}

/** The whole answer. */
export const callModel = async (url, body, signal) => (await post(url, body, signal)).json();

/** The events of a streamed answer, each parsed. The request begins at once; leaving the loop ends it. */
export async function streamModel(url, body, signal) {
  const response = await post(url, { ...body, stream: true }, signal);
  return events(response.body);
}

async function* events(body) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data !== undefined && data !== "[DONE]") yield JSON.parse(data);
    }
  }
}
