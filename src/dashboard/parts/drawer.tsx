// Owns the drawer at the side of the page in which one thing is looked at closely, and its way back to where the reader was.
// Does not own what is in it. There is no Radix overlay: it would put a style element into the page, which the CSP forbids.

import { Close, Content, Portal, Root, Title } from "@radix-ui/react-dialog";
import { type ReactNode, useState } from "react";
import { Icon } from "./icon.tsx";

/** What had the focus when the component was first drawn gets it back, if it is still there. */
export function useWayBack(): (event: Event) => void {
  const [opener] = useState(() => document.activeElement);
  return (event) => {
    event.preventDefault();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
  };
}

interface DrawerProps {
  /** For tests and styles. */
  readonly kind: string;
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Draw it while it is open. Esc, the button and a click elsewhere close it. */
export function Drawer({ kind, title, onClose, children }: DrawerProps) {
  const wayBack = useWayBack();
  return (
    <Root open onOpenChange={(open) => !open && onClose()}>
      <Portal>
        <div className="backdrop" />
        <Content className="drawer" data-kind={kind} aria-describedby={undefined} onCloseAutoFocus={wayBack}>
          <header className="drawer-head">
            <Title className="drawer-title">{title}</Title>
            <Close className="button icon-only" aria-label="Close">
              <Icon name="cross" />
            </Close>
          </header>
          <div className="drawer-body" tabIndex={0} role="region" aria-label="Details">
            {children}
          </div>
        </Content>
      </Portal>
    </Root>
  );
}

/** A part of a drawer under a heading of its own. */
export function DrawerPart({ title, children }: { readonly title: ReactNode; readonly children: ReactNode }) {
  return (
    <section className="drawer-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}
