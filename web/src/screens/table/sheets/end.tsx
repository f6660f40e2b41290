import { useLingui } from "@lingui/react/macro";
import type { EndReason } from "../../../engine/types";
import { points } from "../../../lib/money";
import { List, Row } from "../../../ui/row";
import { Sheet } from "../../../ui/sheet";
import { useNames, useTableView, useTap } from "../context";
import { useSameGame } from "./same-game";

/** Ending a game before its time. No questions asked: it can be undone. */
export default function EndSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const tap = useTap();
  useSameGame(onClose);
  const { game } = view;
  const { rules } = view;
  const duel = rules.game !== "kolkhoz";
  const perBall = duel && rules.stake.per === "ball";
  const end = (reason: EndReason, player?: string): void => {
    tap({ type: "end", reason, ...(player && { player }) }, "heavy");
    onClose();
  };
  /** Who wins then; where each ball is paid for, with how many: more than have been potted. */
  function conceded(winner: number): string {
    const winners = (game?.sides?.[winner] ?? []).map(name).join(", ");
    const left = game?.scores[game.sides?.[1 - winner]?.[0] ?? ""] ?? 0;
    const score = perBall ? ` ${game?.targets[winner]}:${points(left)}` : "";
    return t`Won: ${winners}` + score;
  }
  return (
    <Sheet title={t`End this game`} onClose={onClose}>
      <List>
        {duel &&
          game?.sides?.map((side, i) => (
            <li key={side.join()}>
              <Row
                title={t`Conceded by ${side.map(name).join(", ")}`}
                note={conceded(1 - i)}
                onTap={() => end("concede", side[0])}
              />
            </li>
          ))}
        <li>
          <Row
            title={t`Time is up`}
            note={duel ? t`the higher score wins` : t`what was potted is settled`}
            onTap={() => end("timeout")}
          />
        </li>
        {duel && (
          <li>
            <Row title={t`A draw`} note={t`no money moves`} onTap={() => end("draw")} />
          </li>
        )}
        <li>
          <Row title={t`Call it off`} note={t`nobody wins, no money moves`} onTap={() => end("abandoned")} />
        </li>
      </List>
    </Sheet>
  );
}
