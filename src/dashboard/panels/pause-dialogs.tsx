// Owns asking before spending is paused or resumed, and the words for a pause. Does not own what a pause refuses (the fold).

import { useState } from "react";
import type { Pause } from "../../client/index.ts";
import { useDashboard } from "../dashboard-context.ts";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { CommandDialog } from "../parts/command-dialog.tsx";
import { useScreen } from "../state/screen-store.ts";

export type Scope = Pause["scope"];

export function PausedWhat({ pause: { scope, name = "" } }: { readonly pause: Pick<Pause, "scope" | "name"> }) {
  if (scope === "board") return <strong>The whole board</strong>;
  return (
    <>
      {scope === "task" ? "Task " : "Agent "}
      <strong>
        <AgentText text={name} />
      </strong>
    </>
  );
}

/** What is paused, by whom, since when and why. */
export function PauseWords({ pause }: { readonly pause: Pause }) {
  return (
    <span className="pause-words">
      <PausedWhat pause={pause} /> is paused by <AgentText text={pause.by} />, <Ago atMs={pause.at} label="Paused" />
      {pause.reason !== "" && (
        <>
          : <AgentText text={pause.reason} />
        </>
      )}
    </span>
  );
}

const EFFECTS: Record<Scope, string> = {
  board: "Every reserve on this board is refused from now on.",
  task: "Reserves of this task, and of every budget below it, are refused from now on.",
  agent: "Reserves of this agent are refused from now on.",
};
const SCOPES: readonly { readonly scope: Scope; readonly word: string }[] = [
  { scope: "board", word: "Board" },
  { scope: "task", word: "Task" },
  { scope: "agent", word: "Agent" },
];
/** Names that are offered; any other may be typed. */
const MOST_OFFERED = 200;

interface PauseDialogProps {
  readonly onClose: () => void;
  /** Settled already; else the dialog asks. */
  readonly scope?: Scope;
  readonly name?: string;
}

export function PauseDialog({ onClose, scope: given, name: givenName }: PauseDialogProps) {
  const { store } = useDashboard();
  const [scope, setScope] = useState<Scope>(given ?? "board");
  const [name, setName] = useState(givenName ?? "");
  const view = useScreen(store, (screen) => screen.view);
  const names = scope === "task" ? view?.budgets.rows.map(({ task }) => task) : view?.agents.map(({ agent }) => agent);
  const isSettled = given !== undefined;
  return (
    <CommandDialog
      title={isSettled ? <>Pause {<PausedWhat pause={{ scope, name }} />}?</> : "Pause spending?"}
      explanation={
        <>
          {EFFECTS[scope]} What is held already may still be settled, extended or released, and charges are recorded.
          Everybody sees who paused it, and why.
        </>
      }
      action="Pause"
      tone="bad"
      asksReason
      commandOf={(reason) => ({
        type: "pause.set",
        scope,
        ...(scope === "board" ? {} : { name }),
        ...(reason === undefined ? {} : { reason }),
      })}
      onClose={onClose}
    >
      {!isSettled && (
        <>
          <fieldset className="field">
            <legend>What to pause</legend>
            <div className="radios">
              {SCOPES.map((each) => (
                <label key={each.scope}>
                  <input
                    type="radio"
                    name="pause-scope"
                    checked={scope === each.scope}
                    onChange={() => {
                      setScope(each.scope);
                      setName("");
                    }}
                  />
                  {each.word}
                </label>
              ))}
            </div>
          </fieldset>
          {scope !== "board" && (
            <label className="field">
              <span>{scope === "task" ? "Task with a budget" : "Agent"}</span>
              <input
                required
                value={name}
                list="pause-names"
                autoComplete="off"
                onChange={(event) => setName(event.target.value)}
              />
              <datalist id="pause-names">
                {names?.slice(0, MOST_OFFERED).map((each) => (
                  <option key={each} value={each} />
                ))}
              </datalist>
            </label>
          )}
        </>
      )}
    </CommandDialog>
  );
}

export function ResumeDialog({ pause, onClose }: { readonly pause: Pause; readonly onClose: () => void }) {
  const { scope, name } = pause;
  return (
    <CommandDialog
      title={<>Resume {<PausedWhat pause={pause} />}?</>}
      explanation={
        <>
          <PauseWords pause={pause} />. From now on its reserves are decided by its budgets again.
        </>
      }
      action="Resume"
      asksReason={false}
      commandOf={() => ({ type: "pause.clear", scope, ...(name === undefined ? {} : { name }) })}
      onClose={onClose}
    />
  );
}
