import { useLingui } from "@lingui/react/macro";
import type { DuelRules } from "../../engine/types";
import { cn } from "../../lib/cn";
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
        <Standing
          side={side}
          target={target}
          note={won ? t`won` : turn && side.length === 1 ? t`plays` : null}
          brief={running && side.length > 1}
        />
        <Figure value={score} />
        {side.length === 1 && running && <DuelKeys rules={rules} player={first} tall />}
        {side.length > 1 && (
          <div className="partners">
            {side.map((player) => (
              <div key={player}>
                <TileHead
                  player={player}
                  onOpen={() => onPlayer(player)}
                  note={running && game.turn === player && <Turn />}
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

/** Whose turn of the two it is. Beside a long name there is room for a mark and not for a word: the styles choose. */
function Turn() {
  const { t } = useLingui();
  return (
    <>
      <span className="turn-word">{t`plays`}</span>
      <span aria-hidden="true" className="turn-mark size-3 rounded-full bg-accent" />
    </>
  );
}

interface StandingProps {
  side: string[];
  target: number;
  note: string | null;
  /** No note can come: without money one line is enough. */
  brief: boolean;
}

/**
 * What they play to, games won by exactly these people tonight, and what the evening stands at for them.
 * Both sides have the same lines, so that both scores stand at the same height and stay there.
 */
function Standing({ side, target, note, brief }: StandingProps) {
  const { t } = useLingui();
  const { view } = useTableView();
  const { signed, on } = useMoney();
  const same = (winners: string[]): boolean =>
    winners.length === side.length && side.every((one) => winners.includes(one));
  const wins = view.games.filter((game) => same(game.winners)).length;
  const balances = side.map((player) => view.live.balances[player] ?? 0);
  const [balance = 0] = balances;
  // Partners of one game may have played others with somebody else: one sum would be the truth for one of them.
  const shared = balances.every((one) => one === balance);
  return (
    <div className="tile-standing flex flex-col text-s text-hint">
      <span>
        {t`to ${target}`} · {t`wins: ${wins}`}
      </span>
      {(on || !brief) && (
        <span className="flex h-5 flex-row-reverse flex-wrap justify-between gap-x-2 overflow-hidden">
          {on && shared && <Signed value={balance}>{signed(balance)}</Signed>}
          <span className="me-auto">{note}</span>
        </span>
      )}
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
          <span aria-hidden="true" className={cn("flex items-center", tall ? "gap-1.5" : "flex-col gap-0.5")}>
            <Ball colour="yellow" className={tall ? "size-6" : "size-5"} />
            <span className={cn(!tall && "text-s leading-4 max-[22rem]:hidden")}>{t`Own ball`}</span>
          </span>
        </Key>
      )}
      <Key label={t`${name}: foul`} onTap={() => tap({ type: "foul", player })} className="text-hint">
        <span aria-hidden="true">{t`Foul`}</span>
      </Key>
    </div>
  );
}
