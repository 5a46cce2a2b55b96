// Owns the frame of a panel: heading, count, tools, and the body that scrolls.
// Does not own what is in it. The body can take the focus, so that the keyboard can scroll it.

import type { ReactNode } from "react";
import { figure } from "../text/figures.ts";

interface PanelProps {
  readonly id: string;
  readonly title: string;
  readonly count?: ReactNode;
  readonly tools?: ReactNode;
  /** What is in it scrolls by itself. */
  readonly isFixed?: boolean;
  readonly children: ReactNode;
}

export function Panel({ id, title, count, tools, isFixed = false, children }: PanelProps) {
  const named = `${id}-title`;
  return (
    <section className="panel" id={id} aria-labelledby={named}>
      <header className="panel-head">
        <h2 id={named}>{title}</h2>
        {count !== undefined && <span className="count">{typeof count === "number" ? figure(count) : count}</span>}
        {tools !== undefined && <div className="panel-tools">{tools}</div>}
      </header>
      {isFixed ? (
        <div className="panel-body fixed">{children}</div>
      ) : (
        // It takes the focus, because a region that scrolls must be reachable by keyboard.
        <div className="panel-body" tabIndex={0} role="region" aria-labelledby={named}>
          {children}
        </div>
      )}
    </section>
  );
}

/** A quiet sentence where a panel has nothing to show. */
export function Nothing({ children }: { readonly children: ReactNode }) {
  return <p className="nothing">{children}</p>;
}
