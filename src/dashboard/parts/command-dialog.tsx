// Owns asking a person before the page sends a command: what it does, under which name, and why; and what became of it.
// Does not own the command. The name is kept in this browser; a refusal is shown in the server's words and ends nothing.

import { Close, Content, Description, Portal, Root, Title } from "@radix-ui/react-dialog";
import { type ReactNode, type SyntheticEvent, useId, useState } from "react";
import { type SendableCommand, SwarmboardError } from "../../client/index.ts";
import { useDashboard } from "../dashboard-context.ts";
import { asName } from "../state/settings.ts";
import { AgentText } from "./agent-text.tsx";
import { useWayBack } from "./drawer.tsx";
import { Icon } from "./icon.tsx";

const MOST_REASON_CHARS = 1000;

interface Props {
  readonly title: ReactNode;
  /** What will happen, and what will not. */
  readonly explanation: ReactNode;
  /** The word on the button. */
  readonly action: string;
  readonly tone?: "usual" | "bad";
  readonly asksReason: boolean;
  /** Fields of the command's own. */
  readonly children?: ReactNode;
  readonly commandOf: (reason: string | undefined) => SendableCommand;
  readonly onClose: () => void;
}

type Attempt =
  | { readonly state: "idle" }
  | { readonly state: "sending" }
  | { readonly state: "refused"; readonly words: string };

function wordsOf(error: unknown): string {
  if (!(error instanceof SwarmboardError)) return error instanceof Error ? error.message : String(error);
  const places = error.errors.map(({ at, message }) => `${at} ${message}`);
  return [error.detail, ...places].filter((text) => text !== "").join(" ") + ` (${error.code})`;
}

export function CommandDialog(props: Props) {
  const { title, explanation, action, tone = "usual", asksReason, children, commandOf, onClose } = props;
  const { session, settings } = useDashboard();
  const wayBack = useWayBack();
  const [name, setName] = useState(settings.read().name ?? "");
  const [reason, setReason] = useState("");
  const [attempt, setAttempt] = useState<Attempt>({ state: "idle" });
  const id = useId();

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const kept = asName(name);
    if (kept === undefined || attempt.state === "sending") return;
    setAttempt({ state: "sending" });
    settings.change({ name: kept });
    try {
      await session.send(commandOf(reason.trim() === "" ? undefined : reason.trim()));
      onClose();
    } catch (error) {
      setAttempt({ state: "refused", words: wordsOf(error) });
    }
  };

  return (
    <Root open onOpenChange={(open) => !open && onClose()}>
      <Portal>
        <div className="backdrop" />
        <Content className="dialog" onCloseAutoFocus={wayBack}>
          <Title className="drawer-title">{title}</Title>
          <Description asChild>
            <div className="dialog-text">{explanation}</div>
          </Description>
          <form onSubmit={(event) => void submit(event)}>
            {children}
            <label className="field">
              <span>Your name, for the log</span>
              <input
                value={name}
                required
                maxLength={64}
                autoComplete="nickname"
                onChange={(event) => setName(event.target.value)}
              />
            </label>
            {asksReason && (
              <label className="field">
                <span>Reason (optional)</span>
                <textarea
                  rows={2}
                  value={reason}
                  maxLength={MOST_REASON_CHARS}
                  onChange={(event) => setReason(event.target.value)}
                />
              </label>
            )}
            {attempt.state === "refused" && (
              <p className="refusal" role="alert" id={id}>
                <Icon name="warning" /> Not done: <AgentText text={attempt.words} />
              </p>
            )}
            <div className="dialog-tools">
              <Close className="button">Cancel</Close>
              <button type="submit" className="button primary" data-tone={tone} disabled={attempt.state === "sending"}>
                {attempt.state === "sending" ? "Waiting for the server…" : action}
              </button>
            </div>
          </form>
        </Content>
      </Portal>
    </Root>
  );
}
