// Owns copying a text to the clipboard and saying that it happened.
// Does not own the text. Where the clipboard is not allowed (a page without TLS), an invisible field does it.

import { useEffect, useState } from "react";
import { Icon } from "./icon.tsx";

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    // oxlint-disable-next-line typescript/no-deprecated -- the only way to copy on a page that the browser does not call secure
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** `text` is made only when it is needed. */
export function CopyButton({ what, text }: { readonly what: string; readonly text: () => string }) {
  const [outcome, setOutcome] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (outcome === "idle") return undefined;
    const timer = setTimeout(() => setOutcome("idle"), 1500);
    return () => clearTimeout(timer);
  }, [outcome]);
  const words = { idle: `Copy ${what}`, copied: "Copied", failed: "Not allowed here" }[outcome];
  return (
    <button
      type="button"
      className="button small"
      onClick={() => void copy(text()).then((done) => setOutcome(done ? "copied" : "failed"))}
    >
      <Icon name={outcome === "copied" ? "check" : "copy"} />
      <span aria-live="polite">{words}</span>
    </button>
  );
}
