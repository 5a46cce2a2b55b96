import { build } from "vite";
import { gzipSync } from "node:zlib";
import { readdirSync } from "node:fs";
const rows = [];
for (const f of readdirSync("src/client", { recursive: true }).filter(
  (f) => /\.ts$/.test(f) && !/test|fake|index/.test(f),
)) {
  const out = await build({
    configFile: false,
    logLevel: "silent",
    root: process.cwd(),
    build: {
      write: false,
      minify: true,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        input: "src/client/" + f,
        external: (id) => !id.endsWith(f.split("/").at(-1)),
        preserveEntrySignatures: "strict",
        output: { format: "es" },
      },
    },
  });
  const o = (Array.isArray(out) ? out[0] : out).output[0];
  rows.push([f, o.code.length, gzipSync(o.code).length]);
}
rows.sort((a, b) => b[1] - a[1]);
let t = 0;
for (const r of rows) {
  console.log(r.join(" "));
  t += r[1];
}
console.log(t);
