import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useMe } from "../../../auth/hooks";
import { cn } from "../../../lib/cn";
import { canBeUndone, type Entry } from "../../../live/view";
import { Button, IconButton } from "../../../ui/button";
import { UndoIcon } from "../../../ui/icons";
import { List } from "../../../ui/row";
import { Section } from "../../../ui/screen";
import { Sheet } from "../../../ui/sheet";
import { useAuthors, useIsScorer, useTableView, useTap } from "../context";
import { useDescribe } from "../words";

const SHOWN = 400;

/** Newest first, by games; any line can be taken back from here. */
export default function LogSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const entries = view.log.filter(({ event }) => event.type !== "undo").slice(-SHOWN);
  return (
    <Sheet title={t`Everything recorded`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        {entries.length === 0 && <p className="text-hint">{t`Nothing is recorded yet.`}</p>}
        {grouped(entries).map(({ key, game, lines }) => (
          <Section key={key} title={game ? t`Game ${game}` : t`Between games`}>
            <List>
              {lines.map((entry) => (
                <Line key={entry.event.id} entry={entry} />
              ))}
            </List>
          </Section>
        ))}
      </div>
    </Sheet>
  );
}

interface Group {
  key: string;
  game: number;
  lines: Entry[];
}

function grouped(entries: Entry[]): Group[] {
  const groups: Group[] = [];
  for (const entry of entries.toReversed()) {
    const last = groups.at(-1);
    if (last && last.game === entry.game) last.lines.push(entry);
    else groups.push({ key: entry.event.id, game: entry.game, lines: [entry] });
  }
  return groups;
}

function Line({ entry }: { entry: Entry }) {
  const { t, i18n } = useLingui();
  const describe = useDescribe();
  const author = useAuthors();
  const tap = useTap();
  const may = useIsScorer();
  const me = useMe();
  const { view } = useTableView();
  const [asking, setAsking] = useState(false);
  const what = describe(entry);
  const time = entry.at
    ? new Date(entry.at).toLocaleTimeString(i18n.locale, { hour: "2-digit", minute: "2-digit" })
    : "";
  const mayUndo = (may || entry.by === me.id) && canBeUndone(entry);
  // What belongs to an earlier game cannot be written again: a touch by the way must not change who owes whom.
  const isPast = entry.game > 0 && entry.game < view.games.length;
  const undo = (): void => tap({ type: "undo", target: entry.event.id }, "heavy");
  const notes = [time, author(entry.by), entry.undone && t`undone`, entry.pending && t`not sent yet`];
  return (
    <li className="flex min-h-14 items-center gap-2 py-1 ps-4 pe-2">
      <span className="min-w-0 grow">
        <span dir="auto" className={cn("block", entry.undone && "text-hint line-through")}>
          {what}
        </span>
        <span className="figures block truncate text-s text-hint">{notes.filter(Boolean).join(" · ")}</span>
      </span>
      {mayUndo && asking && (
        <Button look="danger" className="min-h-11 shrink-0 bg-well px-3" onClick={undo}>
          {t`Undo for good`}
        </Button>
      )}
      {mayUndo && !asking && (
        <IconButton
          label={t`Undo: ${what}`}
          onClick={() => (isPast ? setAsking(true) : undo())}
          className="text-accent"
        >
          <UndoIcon />
        </IconButton>
      )}
    </li>
  );
}
