// Owns the public face of the near end: what `swarmboard/server` exports.

export { createServer, type SwarmboardServer } from "./server.ts";
export type { ServerOptions, Timings } from "./options.ts";
export type { ClassicField } from "./socket/classic-fields.ts";
