// Owns what a reader sets for this browser: theme, reconnect interval and name, kept in localStorage.
// Does not own their effect. A storage that is full or forbidden only means that a choice is not remembered.

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export interface Settings {
  readonly theme: Theme;
  readonly reconnectSeconds: number;
  /** Under which name this browser's commands go into the log. Undefined until it is asked for. */
  readonly name: string | undefined;
}

export const RECONNECT_SECONDS = { least: 1, most: 30, usual: 3 } as const;
const NAME = "swarmboard.settings";

export const asReconnectSeconds = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value)
    ? Math.min(RECONNECT_SECONDS.most, Math.max(RECONNECT_SECONDS.least, Math.round(value)))
    : RECONNECT_SECONDS.usual;

const asTheme = (value: unknown): Theme => (value === "light" || value === "dark" ? value : "system");

/** Longer names are cut, so that what is kept is always a name that the server takes. */
const MOST_NAME_CHARS = 64;

/** The name as it is kept: one line without characters that cannot be seen, or undefined where nothing is left. */
export function asName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const seen = value.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "").trim();
  const name = Array.from(seen).slice(0, MOST_NAME_CHARS).join("").trim();
  return name === "" ? undefined : name;
}

function remembered(): Settings {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(NAME) ?? "{}");
  } catch {
    stored = {};
  }
  const { theme, reconnectSeconds, name } = (stored ?? {}) as Partial<Record<keyof Settings, unknown>>;
  return { theme: asTheme(theme), reconnectSeconds: asReconnectSeconds(reconnectSeconds), name: asName(name) };
}

export interface SettingsStore {
  readonly read: () => Settings;
  readonly subscribe: (listener: () => void) => () => void;
  readonly change: (part: Partial<Settings>) => void;
}

export function createSettingsStore(): SettingsStore {
  let settings = remembered();
  const listeners = new Set<() => void>();
  return {
    read: () => settings,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change(part) {
      settings = { ...settings, ...part };
      try {
        localStorage.setItem(NAME, JSON.stringify(settings));
      } catch {
        // Not remembered, but in force.
      }
      for (const listener of listeners) listener();
    },
  };
}

export function useSettings(store: SettingsStore): Settings {
  return useSyncExternalStore(store.subscribe, store.read);
}

/** Lets the style sheet know the theme; `system` leaves the choice to the browser. */
export function showTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
