import { useLingui } from "@lingui/react/macro";
import { createContext, useContext } from "react";
import type { Player } from "../../api/types";
import { useMe } from "../../auth/hooks";
import { money, signedMoney } from "../../lib/money";
import type { Tap } from "../../live/open";
import type { View } from "../../live/view";
import { haptics } from "../../telegram";

export interface TableContext {
  view: View;
  post(tap: Tap): string;
}

export const Table = createContext<TableContext | null>(null);

export function useTableView(): TableContext {
  const table = useContext(Table);
  if (!table) throw new Error("outside of a table");
  return table;
}

/** May the one who looks write the score? */
export function useMayScore(): boolean {
  const { view } = useTableView();
  const me = useMe();
  const { scorers, organizer_id } = view.doc;
  return !view.finished && (scorers === "everyone" || organizer_id === me.id || scorers.includes(me.id));
}

export const nameOf = (players: Player[], id: string): string =>
  players.find((player) => player.id === id)?.name ?? "?";

export function useNames(): (id: string) => string {
  const { view } = useTableView();
  return (id) => nameOf(view.players, id);
}

/** Who wrote an event: a user, who is usually a player too. */
export function useAuthors(): (user: string | null) => string {
  const { view } = useTableView();
  const me = useMe();
  const { t } = useLingui();
  return (user) => {
    if (user === me.id) return t`you`;
    return view.players.find((player) => player.user_id === user)?.name ?? t`somebody`;
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
export function useTap(): (tap: TapOf, weight?: "light" | "heavy") => void {
  const { view, post } = useTableView();
  return (tap, weight = "light") => {
    if (weight === "light") haptics.tap();
    else haptics.commit();
    const ofGame = ["ball", "foul", "miss", "end"].includes(tap.type) && view.game;
    post((ofGame ? { ...tap, game: view.game?.id } : tap) as Tap);
  };
}

type TapOf = Tap;
