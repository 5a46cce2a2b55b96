// Owns the few icons of the page, drawn on a 16 px grid in the colour of the text around them.
// Does not own meaning: an icon always stands beside a word, so it is hidden from screen readers.

const PATHS = {
  chevron: "M6 3.5 10.5 8 6 12.5",
  check: "M3.5 8.5 6.5 11.5 12.5 4.5",
  cross: "M4 4 12 12M12 4 4 12",
  warning: "M8 2.2 14.6 13.6H1.4ZM8 6.4V9.6M8 11.6V11.7",
  stop: "M5.4 1.8H10.6L14.2 5.4V10.6L10.6 14.2H5.4L1.8 10.6V5.4ZM8 4.8V8.8M8 11V11.1",
  dot: "M8 5.5A2.5 2.5 0 1 1 8 10.5 2.5 2.5 0 1 1 8 5.5",
  clock: "M8 1.8A6.2 6.2 0 1 1 8 14.2 6.2 6.2 0 1 1 8 1.8M8 4.6V8L10.4 9.6",
  search: "M7 2A5 5 0 1 1 7 12 5 5 0 1 1 7 2M10.7 10.7 14 14",
  gear: "M2 4.5H9M12.5 4.5H14M2 11.5H3.5M7 11.5H14M10.75 2.75A1.75 1.75 0 1 1 10.75 6.25 1.75 1.75 0 1 1 10.75 2.75M5.25 9.75A1.75 1.75 0 1 1 5.25 13.25 1.75 1.75 0 1 1 5.25 9.75",
  copy: "M5.5 5.5H13.5V13.5H5.5ZM10.5 5.5V2.5H2.5V10.5H5.5",
  pause: "M5.5 3V13M10.5 3V13",
  key: "M5.4 7.4A3 3 0 1 1 5.4 13.4 3 3 0 1 1 5.4 7.4M7.6 8.4 13.4 2.6M11 5 13 7",
  file: "M4 1.8H9.5L12.5 4.8V14.2H4ZM9.3 2V5H12.3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of the product: three cells of a comb. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M16 3l6 3.5v7L16 17l-6-3.5v-7z" />
      <path d="M8.5 16l6 3.5v7l-6 3.5-6-3.5v-7z" opacity=".7" />
      <path d="M23.5 16l6 3.5v7l-6 3.5-6-3.5v-7z" opacity=".42" />
    </svg>
  );
}
