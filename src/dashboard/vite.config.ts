// Owns how the dashboard is built: where it goes and what may be inlined.
// Does not own how it is served (server/). Nothing is inlined, because the page runs under a strict CSP.

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// What is shipped is always React's production build, also when a test (NODE_ENV=test) runs the build.
process.env["NODE_ENV"] = "production";

// A default export is what Vite looks for; every other file of ours has named exports only.
export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    outDir: "../../dist/dashboard",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // light-dark() and nesting are used as they are; these are the first browsers with both.
    target: ["chrome123", "firefox121", "safari17.5"],
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
  },
});
