// Owns the project's name in project-context.json: shown in the source's report, never as an entry.

import { clip, isObject, objectMember, parseJson, textMember } from "./json-object.ts";
import { redactText } from "../../protocol/secrets.ts";

export function parseProjectName(text: string): string | undefined {
  const context = parseJson(text);
  if (!isObject(context)) return undefined;
  const project = objectMember(context, "project");
  const name = project === undefined ? textMember(context, "project", "name") : textMember(project, "name");
  return name === undefined ? undefined : clip(redactText(name), 200);
}
