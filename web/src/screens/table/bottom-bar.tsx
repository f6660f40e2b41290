import { useLingui } from "@lingui/react/macro";
import { cn } from "../../lib/cn";
import { IconButton } from "../../ui/button";
import { MoreIcon, UndoIcon } from "../../ui/icons";
import { useAuthors, useIsScorer, useMayScore, useNames, useTableView, useTap } from "./context";
import { useDescribe } from "./words";

interface Props {
  onMore: () => void;
}

/** Always under the thumb: undo, pass the turn, everything else. */
export function BottomBar({ onMore }: Props) {
  const { t } = useLingui();
  const { view } = useTableView();
  const may = useMayScore();
  const turn = may && view.game?.state === "running" ? view.game.turn : null;
  return (
    <div className="flex flex-wrap gap-2">
      <UndoButton alone={!turn} />
      {turn && <MissButton player={turn} />}
      <IconButton label={t`More`} onClick={onMore} className="size-15 rounded-tile bg-card text-text">
        <MoreIcon />
      </IconButton>
    </div>
  );
}

/** `alone`: without a miss beside it a narrow phone has room for it in one line. */
function UndoButton({ alone }: { alone: boolean }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const tap = useTap();
  const describe = useDescribe();
  const author = useAuthors();
  const may = useIsScorer();
  const { undoable } = view;
  const what = undoable ? describe(undoable) : "";
  const who = undoable ? author(undoable.by) : "";
  return (
    <button
      key={undoable?.event.id} // a finger that is down when something else is recorded means what it saw
      type="button"
      disabled={!undoable || !may}
      onClick={() => undoable && tap({ type: "undo", target: undoable.event.id }, "heavy")}
      className={cn(
        "press settling flex min-h-15 min-w-0 flex-[1_1_8rem] items-center gap-2.5 rounded-tile bg-card px-3 py-1 text-start disabled:text-hint",
        !alone && "max-[22rem]:basis-full",
      )}
    >
      <UndoIcon className={cn("size-6 shrink-0", undoable && may && "text-accent")} />
      <span className="min-w-0">
        <span dir="auto" className="line-clamp-2 text-s leading-4.5 font-bold">
          {undoable ? what : t`Nothing to undo`}
        </span>
        {undoable && (
          <span dir="auto" className="block truncate text-s text-hint">
            {may && `${t`undo`} · `}
            {who}
          </span>
        )}
      </span>
    </button>
  );
}

function MissButton({ player }: { player: string }) {
  const { t } = useLingui();
  const tap = useTap();
  const name = useNames()(player);
  return (
    <button
      type="button"
      aria-label={t`${name}: miss`}
      onClick={() => tap({ type: "miss", player })}
      className="press min-h-15 shrink-0 rounded-tile bg-card px-4 font-bold max-[22rem]:grow"
    >
      {t`Miss`}
    </button>
  );
}
