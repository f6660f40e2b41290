import { useLingui } from "@lingui/react/macro";
import type { DuelRules } from "../../engine/types";
import type { GameView } from "../../live/view";
import { Ball } from "../../ui/ball";
import { Figure } from "../../ui/figure";
import { useMayScore, useMoney, useNames, useTableView, useTap } from "./context";
import { flyBall } from "./fly";
import { areLong, Key, Signed, TileHead } from "./tile";

interface Props {
  game: GameView;
  rules: DuelRules;
  onPlayer: (player: string) => void;
}

export function DuelSides({ game, rules, onPlayer }: Props) {
  const name = useNames();
  return (
    <div className="duel" data-long={areLong((game.sides ?? []).flat().map(name)) || undefined}>
      {(game.sides ?? []).map((side, i) => (
        <Side key={side.join()} {...{ game, rules, side, onPlayer }} target={game.targets[i] ?? rules.target} />
      ))}
    </div>
  );
}

interface SideProps extends Props {
  side: string[];
  target: number;
}

function Side({ game, rules, side, target, onPlayer }: SideProps) {
  const { t } = useLingui();
  const running = game.state === "running";
  const won = !running && side.some((player) => game.winners.includes(player));
  const turn = running && side.includes(game.turn ?? "");
  const [first = ""] = side;
  const score = game.scores[first] ?? 0;
  return (
    <div className="tile" data-turn={turn || won || undefined}>
      <div className="tile-body">
        {side.length === 1 && <TileHead player={first} onOpen={() => onPlayer(first)} />}
        <Standing side={side} target={target} note={won ? t`won` : turn && side.length === 1 ? t`plays` : null} />
        <Figure value={score} />
        {side.length === 1 && running && <DuelKeys rules={rules} player={first} tall />}
        {side.length > 1 && (
          <div className="partners">
            {side.map((player) => (
              <div key={player}>
                <TileHead
                  player={player}
                  onOpen={() => onPlayer(player)}
                  note={game.turn === player ? t`plays` : null}
                />
                {running && <DuelKeys rules={rules} player={player} />}
              </div>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

/** What they play to, games won by exactly these people tonight, and what the evening stands at for them. */
function Standing({ side, target, note }: { side: string[]; target: number; note: string | null }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const { signed, on } = useMoney();
  const same = (winners: string[]): boolean =>
    winners.length === side.length && side.every((one) => winners.includes(one));
  const wins = view.games.filter((game) => same(game.winners)).length;
  const balance = view.live.balances[side[0] ?? ""] ?? 0;
  return (
    <div className="tile-standing flex flex-wrap justify-between gap-x-2 text-s text-hint">
      <span>
        {t`to ${target}`} · {t`wins: ${wins}`}
      </span>
      <span className="flex h-5 grow flex-row-reverse flex-wrap justify-between gap-x-2 overflow-hidden">
        {on && <Signed value={balance}>{signed(balance)}</Signed>}
        <span className="me-auto">{note}</span>
      </span>
    </div>
  );
}

function DuelKeys({ rules, player, tall = false }: { rules: DuelRules; player: string; tall?: boolean }) {
  const { t } = useLingui();
  const tap = useTap();
  const name = useNames()(player);
  const own = rules.game !== "americana";
  if (!useMayScore()) return null;
  return (
    <div className="duel-keys" data-tall={tall || undefined} data-own={own || undefined}>
      <Key
        label={t`${name}: ball`}
        onTap={(key) => {
          flyBall("white", key.closest(".tile"));
          tap({ type: "ball", player });
        }}
        className="key-ball"
      >
        <Ball className={tall ? "size-14" : "size-9"} />
      </Key>
      {own && (
        <Key label={t`${name}: own ball`} onTap={() => tap({ type: "ball", player, own: true })}>
          <span aria-hidden="true" className="flex items-center gap-1.5">
            <Ball colour="yellow" className={tall ? "size-6" : "size-5"} />
            {tall && t`Own ball`}
          </span>
        </Key>
      )}
      <Key label={t`${name}: foul`} onTap={() => tap({ type: "foul", player })} className="text-hint">
        <span aria-hidden="true">{t`Foul`}</span>
      </Key>
    </div>
  );
}
