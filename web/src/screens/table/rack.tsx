import { Plural, useLingui } from "@lingui/react/macro";
import type { GameView } from "../../live/view";
import { Ball, ballColour } from "../../ui/ball";

interface Props {
  game: Pick<GameView, "rack" | "total" | "balls_left">;
}

/** What is still on the table: potted balls go dark one by one. */
export function RackBar({ game }: Props) {
  const { t } = useLingui();
  const many = game.total > 18;
  return (
    <section
      aria-label={t`Balls on the table`}
      className="rack flex min-h-12 items-center gap-2 rounded-tile bg-card px-3 py-2"
    >
      {many ? <Kinds game={game} /> : <Row game={game} />}
      <span className="figures shrink-0 text-s text-hint" aria-hidden="true">
        {game.balls_left}
      </span>
      <span className="sr-only">
        <Plural value={game.balls_left} one="# ball on the table" other="# balls on the table" />
      </span>
    </section>
  );
}

function Row({ game }: Props) {
  const balls = game.rack.flatMap((kind, place) =>
    Array.from({ length: kind.count }, (_, i) => ({
      key: `${kind.id}-${i}`,
      colour: ballColour(kind.id, place),
      gone: i < kind.count - kind.left,
    })),
  );
  return (
    <div className="flex min-w-0 grow items-center justify-between gap-[min(0.375rem,0.8vw)]">
      {balls.map(({ key, colour, gone }) => (
        <Ball key={key} colour={colour} gone={gone} className="aspect-square max-w-6 min-w-0 flex-1 shadow-none" />
      ))}
    </div>
  );
}

function Kinds({ game }: Props) {
  return (
    <div className="flex grow flex-wrap gap-x-4 gap-y-1">
      {game.rack.map((kind, place) => (
        <span key={kind.id} className="figures flex items-center gap-1.5 text-s">
          <Ball colour={ballColour(kind.id, place)} gone={kind.left === 0} className="size-5" />
          {kind.left}
        </span>
      ))}
    </div>
  );
}
