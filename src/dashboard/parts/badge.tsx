// Owns the small coloured word that tells a state; the tone colours it, the word and icon say it.
// Does not own which states there are. Colour never stands alone.

import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon.tsx";

export type Tone = "ok" | "warn" | "high" | "bad" | "calm" | "accent";

export function Badge({
  tone,
  icon,
  children,
}: {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly children: ReactNode;
}) {
  return (
    <span className="badge" data-tone={tone}>
      {icon !== undefined && <Icon name={icon} />}
      <span className="badge-word">{children}</span>
    </span>
  );
}
