// Owns a JSON value as a tree that folds, with one line per member.
// Does not own its fetching. Bounded: below two levels it starts folded, long lists and texts come in slices.

import { memo, useState } from "react";
import { figure } from "../text/figures.ts";
import { jsonText, kindOf } from "../text/json-text.ts";
import { oneLine, printable } from "../text/printable.ts";
import { IsolatedText } from "./isolated-text.tsx";
import { useSlices } from "./show-more.tsx";

const OPEN_LEVELS = 2;
const MEMBERS_SLICE = 100;
const TEXT_CHARS = 4000;

function LongText({ text, quoted }: { readonly text: string; readonly quoted: boolean }) {
  const [whole, setWhole] = useState(false);
  const isCut = !whole && text.length > TEXT_CHARS;
  const shown = printable(isCut ? text.slice(0, TEXT_CHARS) : text);
  return (
    <>
      <IsolatedText className={quoted ? "json-text" : "plain-text"} text={quoted ? JSON.stringify(shown) : shown} />
      {isCut && (
        <button type="button" className="more" onClick={() => setWhole(true)}>
          Show all {figure(text.length)} characters
        </button>
      )}
    </>
  );
}

function Members({ value, level }: { readonly value: object; readonly level: number }) {
  const members = Object.entries(value);
  const { shown, more } = useSlices(members.length, MEMBERS_SLICE);
  return (
    <>
      <ul className="json-members">
        {members.slice(0, shown).map(([name, member]) => (
          <JsonNode key={name} name={name} isItem={Array.isArray(value)} value={member} level={level} />
        ))}
      </ul>
      {more}
    </>
  );
}

interface NodeProps {
  readonly name: string;
  readonly isItem: boolean;
  readonly value: unknown;
  readonly level: number;
}

function JsonNode({ name, isItem, value, level }: NodeProps) {
  const [isOpen, setOpen] = useState(level < OPEN_LEVELS);
  const kind = kindOf(value);
  const label = <IsolatedText className={isItem ? "json-index" : "json-name"} text={printable(name)} />;
  if ((kind === "object" || kind === "list") && typeof value === "object" && value !== null) {
    const size = Object.keys(value).length;
    if (size > 0) {
      return (
        <li>
          <button type="button" className="json-fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            <span className="json-caret" aria-hidden="true" />
            {label}
            <span className="json-size">{kind === "list" ? `[${figure(size)}]` : `{${figure(size)}}`}</span>
          </button>
          {isOpen && <Members value={value} level={level + 1} />}
        </li>
      );
    }
  }
  return (
    <li className="json-leaf">
      {label}
      <span className="json-colon">: </span>
      <Leaf value={value} />
    </li>
  );
}

function Leaf({ value }: { readonly value: unknown }) {
  const kind = kindOf(value);
  if (typeof value === "string") return <LongText text={value} quoted />;
  return <span className={`json-${kind}`}>{jsonText(value, 0)}</span>;
}

/** The whole value: text as text, everything else as JSON. */
export const JsonTree = memo(function JsonTree({ value }: { readonly value: unknown }) {
  if (typeof value === "string") {
    return (
      <div className="json">
        <LongText text={value} quoted={false} />
      </div>
    );
  }
  return (
    <div className="json">
      {typeof value === "object" && value !== null && Object.keys(value).length > 0 ? (
        <Members value={value} level={0} />
      ) : (
        <Leaf value={value} />
      )}
    </div>
  );
});

const LINE_CHARS = 400;

/** The value in one line, coloured by its kind; objects without the quotes of their names. */
export const ValueLine = memo(function ValueLine({ value }: { readonly value: unknown }) {
  const kind = kindOf(value);
  if (typeof value === "string")
    return <IsolatedText className="line-text" text={value === "" ? "(empty text)" : oneLine(value, LINE_CHARS)} />;
  if (kind !== "object" && kind !== "list")
    return <span className={`line-json json-${kind}`}>{jsonText(value, 0)}</span>;
  const members = Object.entries(value as object).slice(0, 12);
  const rest = Object.keys(value as object).length - members.length;
  return (
    <span className="line-json">
      <span className="json-mark">{kind === "list" ? "[" : "{ "}</span>
      {members.map(([name, member], i) => (
        <span key={name}>
          {i > 0 && <span className="json-mark">, </span>}
          {kind === "object" && (
            <>
              <IsolatedText className="json-name" text={oneLine(name, 60)} />
              <span className="json-mark">: </span>
            </>
          )}
          <IsolatedText className={`json-${kindOf(member)}`} text={oneLine(jsonText(member, 0), 120)} />
        </span>
      ))}
      {rest > 0 && <span className="json-mark">, … {figure(rest)} more</span>}
      <span className="json-mark">{kind === "list" ? "]" : " }"}</span>
    </span>
  );
});
