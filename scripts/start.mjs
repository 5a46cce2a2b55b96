// Owns `npm start -- <arguments>`: set up what is missing, then become the program, in this very process,
// so that signals, exit codes and the terminal are its own. Without arguments it serves.

import { pathToFileURL } from "node:url";
import { buildWhenStale, checkNode, installDependencies, MAIN } from "./prepare.mjs";

checkNode();
if (!installDependencies() || !buildWhenStale()) {
  console.error("Set-up failed; the messages above say why.");
  process.exit(1);
}
// npm changes to the package's folder; a relative --follow or --data means the folder that the person is in.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
process.argv = [process.execPath, MAIN, ...process.argv.slice(2)];
await import(pathToFileURL(MAIN).href);
