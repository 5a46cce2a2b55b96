// Owns the pause switches: what is paused at present and by whom, resuming it, and pausing something.
// Does not own the dialogs (pause-dialogs.tsx).

import { memo, useState } from "react";
import type { Pause } from "../../client/index.ts";
import { Badge } from "../parts/badge.tsx";
import { Icon } from "../parts/icon.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { useSlices } from "../parts/show-more.tsx";
import { figure } from "../text/figures.ts";
import { PauseDialog, PauseWords, ResumeDialog } from "./pause-dialogs.tsx";

const SLICE = 30;

export const PausesPanel = memo(function PausesPanel({ pauses }: { readonly pauses: readonly Pause[] }) {
  const [asks, setAsks] = useState<"pause" | Pause>();
  const { shown, more } = useSlices(pauses.length, SLICE);
  const close = () => setAsks(undefined);
  return (
    <Panel
      id="pauses"
      title="Pause switches"
      count={pauses.length === 0 ? "nothing paused" : `${figure(pauses.length)} paused`}
      tools={
        <button type="button" className="button small" onClick={() => setAsks("pause")}>
          <Icon name="pause" /> Pause spending…
        </button>
      }
    >
      {pauses.length === 0 ? (
        <Nothing>Nothing is paused: reserves are decided by budgets alone.</Nothing>
      ) : (
        <ul className="pauses">
          {pauses.slice(0, shown).map((pause) => (
            <li key={pause.pause} className="pause" data-pause={pause.pause}>
              <Badge tone="warn" icon="pause">
                Paused
              </Badge>
              <PauseWords pause={pause} />
              <button type="button" className="button small" onClick={() => setAsks(pause)}>
                Resume<span className="unseen-words"> {pause.name ?? "the board"}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {more}
      {asks === "pause" && <PauseDialog onClose={close} />}
      {typeof asks === "object" && <ResumeDialog pause={asks} onClose={close} />}
    </Panel>
  );
});
