import { useLingui } from "@lingui/react/macro";

/** An evening without a name is called by its day. */
export function useEveningName(): (evening: { name: string | null; created_at: string }) => string {
  const { t, i18n } = useLingui();
  return ({ name, created_at }) => {
    const day = new Date(created_at).toLocaleDateString(i18n.locale, { day: "numeric", month: "long" });
    return name || t`Evening of ${day}`;
  };
}

/** «сегодня, 19:40», «22 ноября». */
export function useWhen(): (at: string) => string {
  const { t, i18n } = useLingui();
  return (at) => {
    const then = new Date(at);
    const time = then.toLocaleTimeString(i18n.locale, { hour: "2-digit", minute: "2-digit" });
    if (then.toDateString() === new Date().toDateString()) return t`today, ${time}`;
    const year = then.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    return then.toLocaleDateString(i18n.locale, { day: "numeric", month: "long", year });
  };
}

/** «10 декабря», which does not break apart. */
export function useDay(): (at: string) => string {
  const { i18n } = useLingui();
  return (at) => new Date(at).toLocaleDateString(i18n.locale, { day: "numeric", month: "long" }).replace(" ", "\u00a0");
}
