import { Plural, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { Amounts } from "../../engine/types";
import { useEveningName } from "../../lib/evening";
import { useAskFriend, useKnown } from "../../lib/friends";
import { points } from "../../lib/money";
import type { LiveState } from "../../live/socket";
import type { GameView, View } from "../../live/view";
import { GAMES } from "../../rules/words";
import { Avatar } from "../../ui/avatar";
import { Button, IconButton } from "../../ui/button";
import { BefriendIcon, CheckIcon } from "../../ui/icons";
import { List, Row } from "../../ui/row";
import { Screen, Section } from "../../ui/screen";
import { BottomBar } from "./bottom-bar";
import { useMoney, useNames, useTableView } from "./context";
import { Reasons } from "./reasons";
import { type Opened, type SheetName, Sheets } from "./sheets";
import { Signed } from "./tile";
import { Transfers } from "./transfers";
import { useDescribe, useReason } from "./words";

/** The evening is over: who pays whom and why, who played how. */
export default function Results({ live }: { live: LiveState }) {
  const { t, i18n } = useLingui();
  const { view } = useTableView();
  const navigate = useNavigate();
  const { on } = useMoney();
  const [opened, setOpened] = useState<Opened>(null);
  const open = (name: SheetName): void => setOpened({ name });
  const day = new Date(view.doc.created_at).toLocaleDateString(i18n.locale, { day: "numeric", month: "long" });
  return (
    <Screen title={useEveningName()(view.doc)} back footer={<BottomBar onMore={() => open("menu")} />}>
      <p className="-mt-4 text-hint" data-live={live}>
        {i18n._(GAMES[view.rules.game])} · {day} · <Plural value={view.games.length} one="# game" other="# games" />
      </p>
      {on && (
        <Section title={t`To settle up`}>
          <Transfers payable reasons={(transfer) => <Reasons transfer={transfer} />} />
          <Given />
        </Section>
      )}
      <Section title={t`How it ended`}>
        <Standings />
      </Section>
      {view.games.length > 0 && (
        <Section title={t`Games`}>
          <List>
            {view.games.toReversed().map((game) => (
              <GameLine key={game.id} game={game} />
            ))}
          </List>
        </Section>
      )}
      <Button look="primary" wide onClick={() => navigate(`/new?from=${view.doc.id}`)}>
        {t`Another evening with the same people`}
      </Button>
      <Sheets opened={opened} onOpen={open} onClose={() => setOpened(null)} />
    </Screen>
  );
}

/** What was paid already, so that the sums below are no riddle. */
function Given() {
  const { view } = useTableView();
  const describe = useDescribe();
  const paid = view.log.filter(({ event, undone }) => event.type === "payment" && !undone);
  if (paid.length === 0) return null;
  return (
    <ul className="mt-1 flex flex-col gap-1 px-4 text-s text-hint">
      {paid.map((entry) => (
        <li key={entry.event.id} className="flex items-center gap-2">
          <CheckIcon className="size-4 shrink-0" />
          <span dir="auto" className="figures min-w-0">
            {describe(entry)}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What games and expenses came to. A debt that was paid does not change who won. */
function cameTo(view: View): Amounts {
  const sums: Amounts = {};
  for (const { kind, amounts } of view.moves) {
    if (kind === "payment") continue;
    for (const [player, amount] of Object.entries(amounts)) sums[player] = (sums[player] ?? 0) + amount;
  }
  return sums;
}

function Standings() {
  const { t } = useLingui();
  const { view } = useTableView();
  const known = useKnown();
  const ask = useAskFriend();
  const { signed, on } = useMoney();
  const sums = cameTo(view);
  const rows = view.players
    .map((player) => ({
      player,
      played: view.games.filter((game) => player.id in game.scores).length,
      wins: view.games.filter((game) => game.winners.includes(player.id)).length,
      balance: sums[player.id] ?? 0,
    }))
    .sort((a, b) => (on ? b.balance - a.balance : 0) || b.wins - a.wins);
  return (
    <List>
      {rows.map(({ player, wins, played, balance }) => (
        <li key={player.id}>
          <Row
            icon={<Avatar id={player.id} name={player.name} />}
            title={player.name}
            whole
            note={
              <>
                <Plural value={wins} one="# win" other="# wins" />
                {" · "}
                <Plural value={played} one="# game" other="# games" />
              </>
            }
            aside={
              <>
                {player.user_id && known && !known.has(player.user_id) && (
                  <IconButton
                    label={t`${player.name}: ask to be friends`}
                    className="text-accent"
                    disabled={ask.isPending}
                    onClick={() => ask.mutate(player.user_id ?? "")}
                  >
                    <BefriendIcon />
                  </IconButton>
                )}
                {on ? (
                  <Signed value={balance}>{signed(balance)}</Signed>
                ) : (
                  <span className="figures font-bold">{wins}</span>
                )}
              </>
            }
          />
        </li>
      ))}
    </List>
  );
}

function GameLine({ game }: { game: GameView }) {
  const { t } = useLingui();
  const name = useNames();
  const reason = useReason();
  const sides = game.sides ?? (game.order ?? []).map((player) => [player]);
  const score = sides
    .map((side) => `${side.map(name).join(" + ")} ${points(game.scores[side[0] ?? ""] ?? 0)}`)
    .join(" · ");
  const winners = game.winners.map(name).join(", ");
  const { number } = game;
  const ended = game.reason && !["target", "rack_empty"].includes(game.reason) ? ` · ${reason(game.reason)}` : "";
  return (
    <li>
      <Row title={winners ? t`${number}. Won: ${winners}` : t`${number}. Nobody won`} note={score + ended} whole />
    </li>
  );
}
