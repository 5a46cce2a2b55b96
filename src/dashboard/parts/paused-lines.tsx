// Owns the lines above the figures that say that spending is paused, by whom and why: nobody should have to look for it.
// Does not own resuming (panels/pauses-panel.tsx), to which they lead.

import type { Pause } from "../../client/index.ts";
import { PauseWords } from "../panels/pause-dialogs.tsx";
import { figure } from "../text/figures.ts";
import { Icon } from "./icon.tsx";

/** More than this are counted only. */
const MOST_LINES = 2;

export function PausedLines({ pauses }: { readonly pauses: readonly Pause[] }) {
  if (pauses.length === 0) return null;
  const rest = pauses.length - MOST_LINES;
  return (
    <div className="paused-lines" role="status">
      <Icon name="pause" />
      <p>
        {pauses.slice(0, MOST_LINES).map((pause) => (
          <PauseWords key={pause.pause} pause={pause} />
        ))}
        {rest > 0 && <span>{figure(rest)} more</span>}
        <a href="#pauses">Pause switches</a>
      </p>
    </div>
  );
}
