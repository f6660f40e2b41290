import { wordsOf } from "../../i18n/words";

export const WORDS = wordsOf({ ru: () => import("./locales/ru.po"), en: () => import("./locales/en.po") });
