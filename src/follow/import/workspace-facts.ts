// Owns what a workspace says of itself besides its files' items: paused or not, and the project's name.
// Both are shown in the source's report. With the folder out of reach, the last answer stays.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseProjectName } from "../formats/project.ts";
import { meansAbsent, readWhole, signatureAt } from "../reading/regular-file.ts";

export interface WorkspaceFacts {
  readonly paused: boolean;
  readonly project: string | undefined;
  look(folders: readonly string[]): Promise<void>;
}

export function createWorkspaceFacts(): WorkspaceFacts {
  let paused = false;
  let project: string | undefined;
  let read = "";

  async function isThere(path: string): Promise<boolean> {
    try {
      await stat(path);
      return true;
    } catch (error) {
      if (meansAbsent(error)) return false;
      throw error;
    }
  }

  return {
    get paused() {
      return paused;
    },
    get project() {
      return project;
    },
    async look(folders) {
      try {
        let found = false;
        for (const folder of folders) found ||= await isThere(join(folder, "SYSTEM_PAUSED"));
        paused = found;
        for (const folder of folders) {
          const path = join(folder, "project-context.json");
          const signature = await signatureAt(path);
          if (signature === undefined || signature.text === read) continue;
          const content = await readWhole(path);
          const name = content.kind === "read" ? parseProjectName(content.text) : undefined;
          if (name === undefined) continue;
          project = name;
          read = signature.text;
        }
      } catch {
        // Out of reach: the files' own steps say why.
      }
    },
  };
}
