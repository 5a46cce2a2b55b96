// Owns a search field: `/` reaches the main one from anywhere, Esc empties it and then leaves it.
// Does not own what is searched.

import { useEffect, useRef } from "react";
import { Icon } from "./icon.tsx";

interface Props {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The one that `/` reaches. */
  readonly isMain?: boolean;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

export function SearchField({ label, value, onChange, isMain = false }: Props) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isMain) return undefined;
    const reach = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    window.addEventListener("keydown", reach);
    return () => window.removeEventListener("keydown", reach);
  }, [isMain]);
  return (
    <div className="search">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        aria-label={label}
        placeholder={isMain ? "Search" : "Filter"}
        value={value}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (value === "") field.current?.blur();
          else onChange("");
        }}
      />
      {isMain && value === "" && <kbd aria-hidden="true">/</kbd>}
    </div>
  );
}
