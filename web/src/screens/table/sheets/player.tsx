import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import type { Tap } from "../../../live/open";
import { Button } from "../../../ui/button";
import { Sheet } from "../../../ui/sheet";
import { useMayScore, useNames, useTableView, useTap } from "../context";
import { useSameGame } from "./same-game";

interface Props {
  player: string;
  onClose: () => void;
}

/** Everything about one player that is rarer than a ball. */
export default function PlayerSheet({ player, onClose }: Props) {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames()(player);
  const tap = useTap();
  useSameGame(onClose);
  const may = useMayScore();
  const [asking, setAsking] = useState(false);
  const playing = view.game?.state === "running" && view.game.scores[player] !== undefined;
  const duel = view.rules.game !== "kolkhoz";
  const paused = view.players.find(({ id }) => id === player)?.paused ?? false;
  const act = (event: Tap): void => {
    tap(event);
    onClose();
  };
  return (
    <Sheet title={name} onClose={onClose}>
      <div className="flex flex-col gap-2">
        {!may && <p className="text-hint">{t`Only those who keep the score can record here.`}</p>}
        {may && playing && (
          <>
            <Button wide onClick={() => setAsking(!asking)} aria-expanded={asking}>
              {t`Foul, with a reason`}
            </Button>
            {asking && <Reasons onPick={(reason) => act({ type: "foul", player, reason })} />}
            {duel && (
              <Button wide onClick={() => act({ type: "ball", player, lucky: true })}>
                {t`Fluke`}
              </Button>
            )}
            <Button wide onClick={() => act({ type: "miss", player })}>
              {t`Miss`}
            </Button>
            {duel && (
              <Button wide look="danger" onClick={() => act({ type: "end", reason: "concede", player })}>
                {t`Concedes the game`}
              </Button>
            )}
          </>
        )}
        {may && (
          <Button wide onClick={() => act({ type: paused ? "resume" : "pause", player })}>
            {paused ? t`Back in the queue` : t`Pause: skip in the next games`}
          </Button>
        )}
      </div>
    </Sheet>
  );
}

function Reasons({ onPick }: { onPick: (reason: string) => void }) {
  const { t } = useLingui();
  const reasons = [
    t`no contact`,
    t`no cushion`,
    t`off the table`,
    t`double hit`,
    t`touched a ball`,
    t`wrong cue ball`,
    t`not from the house`,
    t`feet off the floor`,
    t`balls still moving`,
    t`bad break`,
  ];
  return (
    <div className="flex flex-wrap gap-2 pb-2">
      {reasons.map((reason) => (
        <button
          key={reason}
          type="button"
          onClick={() => onPick(reason)}
          className="press min-h-11 rounded-full bg-well px-4"
        >
          {reason}
        </button>
      ))}
    </div>
  );
}
