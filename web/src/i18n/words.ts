// Screens that most evenings do without bring their own words along.
import { i18n, type Messages } from "@lingui/core";
import { use } from "react";
import type { Language } from ".";

type Load = Record<Language, () => Promise<{ messages: Messages }>>;
type Words = (language: Language) => Promise<void>;

export function wordsOf(load: Load): Words {
  const loaded: Partial<Record<Language, Promise<void>>> = {};
  const bring = async (language: Language): Promise<void> => i18n.load(language, (await load[language]()).messages);
  return (language) => {
    loaded[language] ??= bring(language);
    return loaded[language];
  };
}

/** Whoever speaks on such a screen waits for its words, again after another language was chosen. */
export function useWords(words: Words): void {
  use(words(i18n.locale as Language));
}
