// Whichever way a client follows a board, it ends with what the board is.

import { describe, expect, it } from "vitest";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { endAfterEach, start, until } from "../server/harness.ts";
import { CARRIERS, type Following } from "./carriers.ts";
import { ReferenceReplica } from "./reference-replica.ts";
import { expectAsRest } from "./rest-answer.ts";
import { type Step, VECTORS } from "./vectors.ts";

endAfterEach();

const BOARD = "vectors";

async function take(
  server: SwarmboardServer,
  steps: readonly Step[] = [],
  after: () => Promise<void> = async () => {},
) {
  const board = (await server.engine.board(BOARD))!;
  for (const step of steps) {
    const outcome = await board.submit(step);
    expect(outcome).toMatchObject({ ok: true });
    await after();
  }
}

describe("W-HTTP-1, W-HTTP-2: sockets, event streams and polls end in the same state, the one that the REST API answers", () => {
  it.each(VECTORS.map((vector) => [vector.title, vector] as const))("%s", async (_title, vector) => {
    const server = await start();
    await server.engine.create(BOARD);
    const board = (await server.engine.board(BOARD))!;
    await take(server, vector.before);
    if (vector.before?.some(({ command }) => "ttlMs" in command && (command.ttlMs ?? 0) < 100)) await expired();
    const clients = Object.entries(CARRIERS).map(([name, carrier]) => ({
      name,
      carrier,
      replica: new ReferenceReplica(),
    }));
    const common = { port: server.port, board: BOARD, query: { rateMs: 0 } };

    const follow = (filter: object, cursors: readonly string[] = []): Following[] =>
      clients.map(({ carrier, replica }, i) => carrier({ ...common, filter, cursor: cursors[i], replica }));
    let following = follow(vector.filter);
    const faultless = (): void => expect(following.flatMap(({ faults }) => faults)).toStrictEqual([]);
    const arrived = async (): Promise<void> => {
      await until(() => {
        faultless();
        return clients.every(({ replica }) => replica.syncs > 0 && replica.position === board.position.seq);
      });
    };
    await arrived();
    await take(server, vector.live, arrived);
    const cursors = following.map((one) => one.stop()).map((cursor) => vector.spoil?.(cursor) ?? cursor);
    faultless();

    await take(server, vector.away);
    await expired();
    const filter = vector.filterThen ?? vector.filter;
    following = follow(filter, cursors);
    await until(() => following.every(({ opens }) => opens.length > 0));
    await arrived();
    // Whatever is not told at once is told with the next beat or poll.
    if (vector.filterThen !== undefined) await until(() => clients.every(({ replica }) => replica.syncs > 1));
    for (const one of following) one.stop();
    faultless();
    for (const { opens } of following) expect(opens[0]?.["reset"]).toBe(vector.reset);

    const [first] = clients;
    for (const { replica } of clients) {
      expect(replica.resets).toStrictEqual(["start", ...(vector.reset === undefined ? [] : [vector.reset])]);
      if (vector.isPatched !== true) expect(replica.patches).toBe(0);
      expect(replica.held.missed).toStrictEqual([]);
      await expectAsRest(server.port, BOARD, filter, replica, vector);
      expect(stateOf(replica)).toStrictEqual(stateOf(first!.replica));
    }
    if (vector.isPatched === true) expect(clients.map(({ replica }) => replica.patches)).toStrictEqual([2, 2, 0]);
  });
});

/** Everything that is to expire has done so. */
const expired = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150));

const stateOf = ({ held, position }: ReferenceReplica): unknown => ({ held, position });
