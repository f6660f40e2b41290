import { i18n } from "@lingui/core";
import { changeMe, data } from "../api";
import { authNow, rename } from "../auth/session";
import { renewAccess } from "../auth/tokens";
import { chooseAndKeep, type Language } from "../i18n";
import { queries } from "./queries";

/** The server speaks too: names of presets, news, messages of the bot. */
export async function tellLanguage(): Promise<void> {
  const language = i18n.locale;
  const auth = authNow();
  if (auth.state !== "signed_in" || auth.user.language.slice(0, 2) === language) return;
  rename(await data(changeMe({ body: { language } })));
  renewAccess();
  await queries.invalidateQueries();
}

export async function speak(language: Language): Promise<void> {
  await chooseAndKeep(language);
  await tellLanguage();
}
