import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

// The source of every message is English; Russian comes first on the screen and is complete (see `npm run messages`).
export default defineConfig({
  sourceLocale: "en",
  locales: ["ru", "en"],
  catalogs: [{ path: "<rootDir>/src/locales/{locale}", include: ["src"] }],
  format: formatter({ lineNumbers: false, origins: false }),
  orderBy: "messageId",
});
