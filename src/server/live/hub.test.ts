// Guards what a hub keeps: channels while somebody listens, and a minute longer (law L6). Sessions are in session.test.ts.

import { describe, expect, it } from "vitest";
import { endStagesAfterEach, put, setStage } from "../../../test/live/stage.ts";

endStagesAfterEach();

describe("a hub", () => {
  it("L6: lets a channel go that nobody has listened to for a minute, and makes none in its place", async () => {
    const stage = await setStage();
    const client = stage.join();
    await client.ask("subscribe", { sub: "s", board: "b", entries: {} });
    const channel = (await stage.hub.channelOf("b"))!;
    let heard = 0;
    const applied = channel.feed.applied.bind(channel.feed);
    channel.feed.applied = (group) => {
      heard++;
      applied(group);
    };
    const asked: string[] = [];
    const board = stage.engine.board.bind(stage.engine);
    stage.engine.board = (name) => {
      asked.push(name);
      return board(name);
    };
    client.session.end();
    await stage.pass(59_000, 1000);
    await stage.write(put("k", 1));
    expect(heard).toBe(1);
    await stage.pass(3000, 1000);
    await stage.write(put("k", 2));
    expect(heard).toBe(1);
    // Nor is a board looked for that nobody listens to.
    asked.length = 0;
    await stage.pass(5000, 1000);
    expect(asked).toEqual([]);
    expect(stage.faults).toEqual([]);
  });
});
