import { useLingui } from "@lingui/react/macro";
import { createContext, useContext } from "react";
import { useMe } from "../../auth/hooks";
import { money, signedMoney } from "../../lib/money";
import type { Tap } from "../../live/open";
import type { View } from "../../live/view";
import { haptics } from "../../telegram";

export interface TableContext {
  view: View;
  /** What everybody is called here, by the id of the player. */
  names: ReadonlyMap<string, string>;
  post(tap: Tap): string;
  sent(): Promise<void>;
}

export const Table = createContext<TableContext | null>(null);

export function useTableView(): TableContext {
  const table = useContext(Table);
  if (!table) throw new Error("outside of a table");
  return table;
}

/** Is the one who looks among those who keep the score? They may take back what ended the evening, too. */
export function useIsScorer(): boolean {
  const { view } = useTableView();
  const me = useMe();
  const { scorers, organizer_id } = view.doc;
  return scorers === "everyone" || organizer_id === me.id || scorers.includes(me.id);
}

/** May the one who looks write the score now? */
export function useMayScore(): boolean {
  const { view } = useTableView();
  return useIsScorer() && !view.finished;
}

export function useNames(): (id: string) => string {
  const { names } = useTableView();
  return (id) => names.get(id) ?? "?";
}

/** Who wrote an event: a user, who is usually a player too. */
export function useAuthors(): (user: string | null) => string {
  const { view, names } = useTableView();
  const me = useMe();
  const { t } = useLingui();
  return (user) => {
    if (user === me.id) return t`you`;
    const player = view.players.find(({ user_id }) => user_id === user);
    return names.get(player?.id ?? "") ?? t`somebody`;
  };
}

export function useMoney(): { plain: (minor: number) => string; signed: (minor: number) => string; on: boolean } {
  const { view } = useTableView();
  const { i18n } = useLingui();
  const { rules } = view;
  const on =
    (rules.game === "kolkhoz" ? rules.price > 0 || Object.keys(rules.rates).length > 0 : rules.stake.per !== "none") ||
    Object.values(view.balances).some((amount) => amount !== 0);
  return {
    plain: (minor) => money(minor, rules.currency, i18n.locale),
    signed: (minor) => signedMoney(minor, rules.currency, i18n.locale),
    on,
  };
}

/** What a finger does at the table: felt at once, sent at once. */
export function useTap(): (tap: Tap, weight?: "light" | "heavy") => void {
  const { view, post } = useTableView();
  return (tap, weight = "light") => {
    if (weight === "light") haptics.tap();
    else haptics.commit();
    const ofGame = ["ball", "foul", "miss", "end"].includes(tap.type) && view.game;
    post((ofGame ? { ...tap, game: view.game?.id } : tap) as Tap);
  };
}
