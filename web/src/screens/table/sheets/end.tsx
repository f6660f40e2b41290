import { useLingui } from "@lingui/react/macro";
import type { EndReason } from "../../../engine/types";
import { List, Row } from "../../../ui/row";
import { Sheet } from "../../../ui/sheet";
import { useNames, useTableView, useTap } from "../context";

/** Ending a game before its time. No questions asked: it can be undone. */
export default function EndSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const tap = useTap();
  const { game } = view;
  const duel = view.rules.game !== "kolkhoz";
  const end = (reason: EndReason, player?: string): void => {
    tap({ type: "end", reason, ...(player && { player }) }, "heavy");
    onClose();
  };
  return (
    <Sheet title={t`End this game`} onClose={onClose}>
      <List>
        {duel &&
          game?.sides?.map((side) => (
            <li key={side.join()}>
              <Row
                title={t`Conceded by ${side.map(name).join(", ")}`}
                note={t`the other side wins`}
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
