// Owns what a newcomer sees on an empty board: three ways to feed it, ready to copy.
// Does not own the commands' own help.

import { AgentText } from "../parts/agent-text.tsx";
import { useBoards } from "../parts/board-name.tsx";
import { CopyButton } from "../parts/copy-button.tsx";

interface Way {
  readonly title: string;
  readonly words: string;
  readonly command: string;
}

function waysFor(board: string): readonly Way[] {
  const url = `${location.origin}/api/v1/boards/${encodeURIComponent(board)}/entries/hello`;
  return [
    {
      title: "Write an entry",
      words: "From any language, with plain HTTP. It is on this page at once.",
      command: `curl -X PUT '${url}' \\\n  -H 'Content-Type: application/json' \\\n  -H 'X-Swarmboard-Agent: me' \\\n  -d '{"value": "world"}'`,
    },
    {
      title: "Follow your swarm's folder",
      words: "Start the server with the folder that your swarm already writes. Its files are only ever read.",
      command: "npx swarmboard --follow ./my-swarm",
    },
    {
      title: "Watch a demo",
      words: "A dozen agents that work on this board: tasks, tokens, permissions. Ctrl-C sends them home.",
      command: `npx swarmboard demo --url ${location.origin}${board === "default" ? "" : ` --board ${board}`}`,
    },
  ];
}

function OtherBoards({ board }: { readonly board: string }) {
  const others = useBoards().filter((name) => name !== board);
  if (others.length === 0) return null;
  return (
    <ul className="others">
      <li>Other boards of this server:</li>
      {others.slice(0, 20).map((name) => (
        <li key={name}>
          <a href={`?board=${encodeURIComponent(name)}`}>
            <AgentText text={name} />
          </a>
        </li>
      ))}
    </ul>
  );
}

export function EmptyBoard({ board }: { readonly board: string }) {
  return (
    <section className="empty" aria-labelledby="empty-title">
      <h2 id="empty-title">This board is empty, and listening</h2>
      <OtherBoards board={board} />
      <p>Whatever your agents write appears here by itself. Three ways to begin:</p>
      <ol className="ways">
        {waysFor(board).map((way) => (
          <li key={way.title} className="way">
            <h3>{way.title}</h3>
            <p>{way.words}</p>
            <pre>{way.command}</pre>
            <CopyButton what="command" text={() => way.command} />
          </li>
        ))}
      </ol>
    </section>
  );
}
