import { i18n } from "@lingui/core";
import { launched, readLocal, writeLocal } from "../telegram";

export type Language = "ru" | "en";

const LANGUAGES: readonly Language[] = ["ru", "en"];
/** Whoever reads one of these reads Russian more likely than English. */
const NEAR_RUSSIAN = ["ru", "uk", "be", "kk", "ky", "uz", "tg", "hy", "az", "tk", "tt", "ba"];

const load = { ru: () => import("../locales/ru.po"), en: () => import("../locales/en.po") };

export function chooseLanguage(stored: string | null, preferred: readonly string[]): Language {
  if (LANGUAGES.includes(stored as Language)) return stored as Language;
  const near = preferred.some((tag) => NEAR_RUSSIAN.includes(tag.slice(0, 2).toLowerCase()));
  return near || preferred.length === 0 ? "ru" : "en";
}

export function firstLanguage(): Language {
  const telegram = launched()?.language;
  return chooseLanguage(readLocal("language"), telegram ? [telegram] : navigator.languages);
}

export async function activate(language: Language): Promise<void> {
  const { messages } = await load[language]();
  i18n.load(language, messages); // beside what screens have brought along
  i18n.activate(language);
  document.documentElement.lang = language;
}

export async function chooseAndKeep(language: Language): Promise<void> {
  writeLocal("language", language);
  await activate(language);
}
