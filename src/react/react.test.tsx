// @vitest-environment happy-dom
// Guards that a change renders what it changed, and nothing else.

import { act, type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Client, connect } from "../client/connect.ts";
import { ScriptedServer } from "../client/scripted-server.fake.ts";
import type { Subscription } from "../client/index.ts";
import {
  SwarmboardProvider,
  useAlerts,
  useAudit,
  useBoard,
  useBudget,
  useCollection,
  useCondition,
  useEntry,
  useHolds,
  useKeys,
  usePauses,
  useStatus,
  useSubscription,
  useWindow,
} from "./index.ts";

let server: ScriptedServer;
let client: Client;
let root: Root;
let place: HTMLElement;
/** What was rendered, in order. */
let renders: string[];

beforeEach(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  server = new ScriptedServer();
  client = connect("http://server", { environment: server.environment });
  place = document.createElement("div");
  root = createRoot(place);
  renders = [];
});
afterEach(async () => {
  await act(async () => root.unmount());
  client.close();
});

const run = (ms: number) => act(() => server.run(ms));
const show = (node: ReactNode) =>
  act(async () => root.render(<SwarmboardProvider client={client}>{node}</SwarmboardProvider>));

function Row({ sub, name }: { readonly sub: Subscription; readonly name: string }): ReactNode {
  const entry = useEntry(sub, name);
  renders.push(`row ${name}`);
  return <li>{`${name}=${String(entry?.value)}`}</li>;
}
function List({ sub }: { readonly sub: Subscription }): ReactNode {
  const keys = useKeys(sub.entries);
  renders.push("list");
  return (
    <ul>
      {keys.map((key) => (
        <Row key={key} sub={sub} name={key} />
      ))}
    </ul>
  );
}

describe("the hooks", () => {
  it("render one row when one key changes, and the list only when a key comes or goes", async () => {
    for (const key of ["a", "b", "c"]) server.write(key, 1);
    const sub = client.board().subscribe({ entries: {} });
    await run(10);
    await show(<List sub={sub} />);
    expect(place.textContent).toBe("a=1b=1c=1");
    renders.length = 0;
    await act(async () => {
      server.write("b", 2);
      server.tell();
    });
    expect(renders).toEqual(["row b"]);
    expect(place.textContent).toBe("a=1b=2c=1");
    renders.length = 0;
    await act(async () => {
      server.write("d", 1);
      server.tell();
    });
    expect(renders[0]).toBe("list");
    expect(place.textContent).toBe("a=1b=2c=1d=1");
  });

  it("subscribe while a component is there, also in strict mode, and end with it", async () => {
    server.write("a", 7);
    function Panel(): ReactNode {
      const sub = useSubscription(useBoard(), { entries: { window: { count: 5 } }, audit: {}, budgets: true });
      const held = useCondition(sub)?.held;
      const rows = useWindow(sub)?.rows.length;
      const notes = useAudit(sub)?.notes.length;
      const budgets = useCollection(sub?.budgets).length;
      const { phase } = useStatus();
      return <p>{[phase, held, rows, notes, budgets].join()}</p>;
    }
    await show(
      <StrictMode>
        <Panel />
      </StrictMode>,
    );
    expect(place.textContent).toBe("connecting,nothing,0,0,0");
    await run(10);
    expect(place.textContent).toBe("live,told,0,0,0");
    const { sub } = server.socket.of("subscribe").at(-1)!.params;
    const window = { from: 0, total: 1, rows: [...server.entries.values()], whole: true };
    const audit = { add: [{ seq: 2, note: { event: "e" } }], total: 1 };
    const budgets = { put: [{ task: "t", seq: 2 }] };
    await act(async () => server.socket.push("sync", { sub, from: 1, to: 2, entries: { window }, audit, budgets }));
    expect(place.textContent).toBe("live,told,1,1,1");
    await show(<b>gone</b>);
    expect(server.socket.of("unsubscribe").at(-1)?.params).toEqual({ sub });
  });

  it("show holds by state and owner, alerts that are open, pauses, and render a budget only when it changed", async () => {
    let budgetRenders = 0;
    function Money({ sub }: { readonly sub: Subscription }): ReactNode {
      const holds = useHolds(sub, { agent: "ann" }).map(({ hold }) => hold);
      const alerts = useAlerts(sub, { open: true }).map(({ alert }) => alert);
      const pauses = usePauses(sub).map(({ pause }) => pause);
      return <p>{[...holds, ...alerts, ...pauses].join()}</p>;
    }
    function Spent({ sub }: { readonly sub: Subscription }): ReactNode {
      budgetRenders++;
      return <b>{useBudget(sub, "t")?.usedTokens}</b>;
    }
    const sub = client.board().subscribe({ budgets: true, holds: true, alerts: true, pauses: true });
    await run(10);
    await show(
      <>
        <Money sub={sub} />
        <Spent sub={sub} />
      </>,
    );
    const { sub: name } = server.socket.of("subscribe").at(-1)!.params;
    const hold = (of: string, agent: string, state: string, openedAt: number) => ({ hold: of, agent, state, openedAt });
    const push = (from: number, members: object) =>
      act(async () => server.socket.push("sync", { sub: name, from, to: from + 1, ...members }));
    await push(0, {
      budgets: { put: [{ task: "t", usedTokens: 7, seq: 2 }] },
      holds: {
        put: [
          hold("h2", "ann", "open", 5),
          hold("h1", "ann", "open", 3),
          hold("h3", "bob", "open", 1),
          hold("h4", "ann", "settled", 1),
        ],
      },
      alerts: {
        put: [
          { alert: "a1", raisedAt: 1 },
          { alert: "a2", raisedAt: 2, acknowledgedBy: "eve" },
        ],
      },
      pauses: { put: [{ pause: "board" }] },
    });
    expect(place.textContent).toBe("h1,h2,a1,board7");
    const before = budgetRenders;
    await push(1, { holds: { put: [hold("h1", "ann", "released", 3)] }, pauses: { del: ["board"] } });
    expect(place.textContent).toBe("h2,a17");
    expect(budgetRenders).toBe(before);
  });

  it("show nothing on a server, and say what is missing without a provider", () => {
    const Phase = () => <i>{useStatus().phase}</i>;
    expect(
      renderToString(
        <SwarmboardProvider client={client}>
          <Phase />
        </SwarmboardProvider>,
      ),
    ).toBe("<i>connecting</i>");
    expect(() => renderToString(<Phase />)).toThrow(/SwarmboardProvider/);
  });
});
