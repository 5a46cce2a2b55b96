import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

describe("npm start", () => {
  it("passes arguments on, and passes a signal to npm on to the server, which stops cleanly", async () => {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|INIT_CWD|SWARMBOARD_|VITEST)/.test(name)),
    );
    const npm = spawn("npm", ["start", "--silent", "--", "--memory", "--port", "0"], { cwd: ROOT, env });
    const ended = new Promise<void>((resolve) => npm.once("close", () => resolve()));
    let said = "";
    const url = await new Promise<string>((resolve, reject) => {
      npm.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const found = /^listening on (http:\S+)$/m.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      npm.once("close", () => reject(new Error(`ended without listening:\n${said}`)));
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    npm.kill("SIGTERM");
    // Closed pipes mean that the server is gone as well, not npm alone.
    await ended;
    expect(said).toContain("stopping …");
    await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");
  });
});
