// Owns the dashboard's files: the page at / and /blackboard, and its hashed assets.
// Does not own the page (src/dashboard). Where it is not built, a plain page says how to build it.

import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import { pageCsp } from "../edge/headers.ts";
import type { App } from "../near.ts";

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Swarmboard</title></head>
<body>
<h1>Swarmboard is running</h1>
<p>The dashboard is not built. Run <code>npm run build</code> in Swarmboard's folder, then load this page again.</p>
<p>The API works without it: <a href="/api/docs">read about it</a>.</p>
</body>
</html>
`;

/** The folder of the built dashboard in this package, run from dist/ or from src/. */
export function builtDashboardDir(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith(".ts") ? "../../../dist/dashboard/" : "../../dashboard/", here));
}

/** Files beside the page that browsers ask for by a fixed name. */
const FIXED: Readonly<Record<string, string>> = {
  "favicon.svg": "image/svg+xml",
  "favicon.ico": "image/x-icon",
};

export async function pageRoutes(app: App, dir: string): Promise<void> {
  const schema = { hide: true };

  for (const url of ["/", "/blackboard"]) {
    app.route({
      method: "GET",
      url,
      schema,
      async handler(request, reply) {
        const html = await readFile(join(dir, "index.html")).catch(() => NOT_BUILT);
        void reply
          .header("Content-Security-Policy", pageCsp(request.headers.host))
          // The page names hashed assets, so it must be asked for each time.
          .header("Cache-Control", "no-cache");
        return reply.type("text/html; charset=utf-8").send(html);
      },
    });
  }

  for (const [file, type] of Object.entries(FIXED)) {
    app.route({
      method: "GET",
      url: `/${file}`,
      schema,
      async handler(_request, reply) {
        const bytes = await readFile(join(dir, file)).catch(() => undefined);
        if (bytes === undefined) return reply.callNotFound();
        return reply.header("Cache-Control", "max-age=3600").type(type).send(bytes);
      },
    });
  }

  const assets = join(dir, "assets");
  if (!existsSync(assets)) return;
  await app.register(fastifyStatic, {
    root: assets,
    prefix: "/assets/",
    schemaHide: true,
    decorateReply: false,
    index: false,
    // Vite puts a hash into each name: other content has another name.
    immutable: true,
    maxAge: "1y",
  });
}
