import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

// The source of every message is English; Russian comes first on the screen and is complete (see `npm run messages`).
const SOME = ["src/screens/account", "src/screens/sign-in"];

export default defineConfig({
  sourceLocale: "en",
  locales: ["ru", "en"],
  // Some screens bring their words along: whoever only plays does not load them.
  catalogs: [
    { path: "<rootDir>/src/locales/{locale}", include: ["src"], exclude: SOME.map((screen) => `${screen}/**`) },
    ...SOME.map((screen) => ({ path: `<rootDir>/${screen}/locales/{locale}`, include: [screen] })),
  ],
  format: formatter({ lineNumbers: false, origins: false }),
  orderBy: "messageId",
});
