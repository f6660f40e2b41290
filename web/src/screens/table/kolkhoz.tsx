import { Plural, useLingui } from "@lingui/react/macro";
import { lastBallValue, payersOf } from "../../engine/kolkhoz";
import type { KolkhozRules } from "../../engine/types";
import { points } from "../../lib/money";
import type { GameView, Rack } from "../../live/view";
import { useBallName } from "../../rules/words";
import { Ball, ballColour } from "../../ui/ball";
import { Figure } from "../../ui/figure";
import { useMayScore, useMoney, useNames, useTap } from "./context";
import { flyBall } from "./fly";
import { areLong, Key, Ledger, Signed, TileHead } from "./tile";

interface Props {
  game: GameView;
  rules: KolkhozRules;
  onPlayer: (player: string) => void;
}

export function KolkhozTiles({ game, rules, onPlayer }: Props) {
  const name = useNames();
  const { signed } = useMoney();
  const order = game.order ?? [];
  const layout = order.length === IN_HALVES ? "stand" : order.length < IN_HALVES ? "large" : "row";
  const keys = keysOf(rules);
  const wide = Object.values(game.stands).some((amount) => signed(amount).length > WIDE_SUM);
  return (
    <div
      className="tiles"
      data-layout={layout}
      data-keys={keys}
      data-wide={wide || undefined}
      data-below={keys > KEYS_BESIDE || wide || undefined}
      data-many={order.length > MANY || undefined}
      data-long={areLong(order.map(name)) || undefined}
    >
      {order.map((player, place) => (
        <KolkhozTile key={player} {...{ game, rules, player, place, onPlayer }} />
      ))}
    </div>
  );
}

/** Four tiles stand in two columns; fewer lie large, more lie in rows. */
const IN_HALVES = 4;
/** More keys than this, or a sum longer than that, and a row has no room for both side by side. */
const KEYS_BESIDE = 3;
const WIDE_SUM = 9;
/** Of so many each has a low row. */
const MANY = 6;

const keysOf = (rules: KolkhozRules): number => rules.balls.length + (rules.foul.mode === "none" ? 0 : 1);

function KolkhozTile({ game, rules, player, place, onPlayer }: Props & { player: string; place: number }) {
  const { t } = useLingui();
  const running = game.state === "running";
  const turn = running && game.turn === player;
  const won = !running && game.winners.includes(player);
  // In half a phone a name has no room beside «победа»; the outline and the line below say it.
  const half = game.order?.length === IN_HALVES;
  const note = turn ? t`plays` : won && !half ? t`won` : place + 1;
  return (
    <div className="tile" data-turn={turn || won || undefined}>
      <div className="tile-body">
        <TileHead player={player} onOpen={() => onPlayer(player)} note={note} />
        <Figure value={game.scores[player] ?? 0} />
        <Standing game={game} rules={rules} player={player} short={game.order !== undefined && game.order.length > 4} />
        {running && <Keys game={game} rules={rules} player={player} />}
      </div>
    </div>
  );
}

/** What the game stands at for him, and who pays for his balls. */
function Standing({ game, rules, player, short }: Omit<Props, "onPlayer"> & { player: string; short: boolean }) {
  const { t } = useLingui();
  const name = useNames();
  const { signed } = useMoney();
  const stands = game.stands[player] ?? 0;
  const ledger = game.points[player] ?? 0;
  const payers = payersOf(game.order ?? [], player, rules);
  const [payer] = payers;
  const who = payers.length === 1 && payer ? `← ${name(payer)}` : payers.length > 1 ? t`← everyone` : "";
  const paid = rules.price > 0 || Object.keys(rules.rates).length > 0;
  const hanging = game.hanging.filter((one) => one === player).length;
  return (
    <div className="tile-standing flex min-w-0 flex-wrap items-baseline gap-x-2">
      {paid ? (
        <Signed value={stands} className="shrink-0">
          {signed(stands)}
        </Signed>
      ) : (
        <Ledger points={ledger} short={short} />
      )}
      <span dir="auto" className="max-w-full truncate text-s text-hint">
        {hanging > 0 ? <Plural value={hanging} one="# foul hangs" other="# fouls hang" /> : who}
      </span>
    </div>
  );
}

function Keys({ game, rules, player }: Omit<Props, "onPlayer"> & { player: string }) {
  const { t } = useLingui();
  const tap = useTap();
  const name = useNames()(player);
  const ballName = useBallName();
  const may = useMayScore();
  if (!may) return null;
  const count = keysOf(rules);
  return (
    <div className="keys" data-count={count} style={{ "--in-row": count > 4 ? Math.ceil(count / 2) : count } as never}>
      {game.rack.map((kind, i) => {
        const worth = worthNow(kind, game, rules);
        const what = ballName(kind.id);
        return (
          <Key
            key={kind.id}
            label={t`${name}: ${what}, ${points(worth, true)}`}
            disabled={kind.left === 0}
            onTap={(key) => {
              flyBall(ballColour(kind.id, i), key.closest(".tile"));
              tap({ type: "ball", player, ball: kind.id });
            }}
          >
            <Ball colour={ballColour(kind.id, i)} className="size-10">
              {worth}
            </Ball>
          </Key>
        );
      })}
      {rules.foul.mode !== "none" && (
        <Key label={t`${name}: foul`} onTap={() => tap({ type: "foul", player })} className="text-hint">
          <span aria-hidden="true">{t`Foul`}</span>
        </Key>
      )}
    </div>
  );
}

/** The last ball of the rack is worth more, and says so before it is potted. */
function worthNow(kind: Rack, game: GameView, rules: KolkhozRules): number {
  const left = game.rack.reduce((sum, one) => sum + one.left, 0);
  return left === 1 && kind.left === 1 ? lastBallValue(kind.value, rules) : kind.value;
}
