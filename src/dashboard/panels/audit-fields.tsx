// Owns the fields by which the audit is narrowed. Does not own what they mean (the server's route does).

import { type AuditFilter, type AuditText } from "../state/audit-filter.ts";

const FIELDS: readonly { readonly name: AuditText; readonly word: string; readonly example: string }[] = [
  { name: "actor", word: "Sent by", example: "harbor" },
  { name: "agent", word: "About agent", example: "ember" },
  { name: "action", word: "Action or event", example: "budget.reserve" },
  { name: "about", word: "Name begins with", example: "task:" },
  { name: "task", word: "Task", example: "T-101" },
  { name: "outcome", word: "Outcome", example: "ok, refused, paused" },
];

interface Props {
  readonly filter: AuditFilter;
  readonly onChange: (filter: AuditFilter) => void;
}

export function AuditFields({ filter, onChange }: Props) {
  const set = (name: AuditText, text: string) => onChange({ ...filter, [name]: text });
  return (
    <div className="audit-fields" id="audit-fields">
      {FIELDS.map(({ name, word, example }) => (
        <label key={name} className="field">
          <span>{word}</span>
          <input
            value={filter[name] ?? ""}
            placeholder={example}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => set(name, event.target.value)}
          />
        </label>
      ))}
      {(["from", "to"] as const).map((name) => (
        <label key={name} className="field">
          <span>{name === "from" ? "From" : "Until"}</span>
          <input
            type="datetime-local"
            value={filter[name] ?? ""}
            step={1}
            onChange={(event) => set(name, event.target.value)}
          />
        </label>
      ))}
      <button type="button" className="button small" onClick={() => onChange({ kind: filter.kind })}>
        Clear
      </button>
    </div>
  );
}
