import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { lastBallValue } from "../../engine/kolkhoz";
import type { EventOf, GameReason } from "../../engine/types";
import { points } from "../../lib/money";
import type { Entry, View } from "../../live/view";
import { GAMES, useBallName } from "../../rules/words";
import { useMoney, useNames, useTableView } from "./context";

const REASONS: Record<GameReason, MessageDescriptor> = {
  target: msg`played to the end`,
  rack_empty: msg`the table is cleared`,
  concede: msg`conceded`,
  timeout: msg`time was up`,
  draw: msg`a draw`,
  abandoned: msg`called off`,
};

export function useReason(): (reason: GameReason) => string {
  const { i18n } = useLingui();
  return (reason) => i18n._(REASONS[reason]);
}

/** Whether the game ended by this ball: the last one has a price of its own. */
function emptiedRack(view: View, ball: string, game: number): boolean {
  if (view.games[game - 1]?.reason !== "rack_empty") return false;
  const ofGame = (entry: Entry) => entry.game === game && !entry.undone && ["ball", "foul"].includes(entry.event.type);
  return view.log.findLast(ofGame)?.event.id === ball;
}

/** What was written, in a few words: «Игорь: белый +1». */
export function useDescribe(): (entry: Entry) => string {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const ballName = useBallName();
  const reason = useReason();
  const { plain } = useMoney();

  function ball(event: EventOf<"ball">, game: number): string {
    if (event.own) return t`own ball`;
    if (event.lucky) return t`fluke`;
    const { rules } = view;
    if (rules.game !== "kolkhoz") return t`ball`;
    const found = rules.balls.find(({ id }) => id === (event.ball ?? id));
    const value = found?.value ?? 1;
    const worth = emptiedRack(view, event.id, game) ? lastBallValue(value, rules) : value;
    return `${ballName(found?.id ?? "")} ${points(worth, true)}`;
  }

  return ({ event, game }) => {
    const who = "player" in event && event.player ? name(event.player) : "";
    switch (event.type) {
      case "ball": {
        const what = ball(event, game);
        return `${who}: ${what}`;
      }
      case "foul":
        return event.reason ? t`${who}: foul, ${event.reason}` : t`${who}: foul`;
      case "miss":
        return t`${who}: miss`;
      case "start":
        return game ? t`start of game ${game}` : t`start of a game`;
      case "end":
        return event.reason === "concede" ? t`${who} conceded` : t`end of the game: ${reason(event.reason)}`;
      case "pause":
        return t`${who}: pause`;
      case "resume":
        return t`${who}: back again`;
      case "join":
        return t`${who}: came in`;
      case "leave":
        return t`${who}: went home`;
      case "expense":
        return t`expense: ${name(event.payer)} paid ${plain(event.amount)}`;
      case "payment":
        return t`given: ${name(event.from)} → ${name(event.to)}, ${plain(event.amount)}`;
      case "finish":
        return t`end of the evening`;
      case "undo":
        return t`undone`;
    }
  };
}

/** «Колхоз · до 8 · 50 ₽ за очко»: the rules in one line. */
export function useRulesLine(): string {
  const { t, i18n } = useLingui();
  const { view } = useTableView();
  const { plain } = useMoney();
  const { rules } = view;
  const parts = [i18n._(GAMES[rules.game])];
  if (view.game) parts.push(t`game ${view.game.number}`);
  if (rules.game === "kolkhoz") {
    if (rules.price > 0) parts.push(t`${plain(rules.price)} a point`);
    return parts.join(" · ");
  }
  if (rules.stake.per === "game" && rules.stake.amount) parts.push(t`${plain(rules.stake.amount)} a game`);
  if (rules.stake.per === "ball" && rules.stake.amount) parts.push(t`${plain(rules.stake.amount)} a ball`);
  return parts.join(" · ");
}
