import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Navigate, useNavigate, useParams } from "react-router";
import { data, join as joinSession } from "../api";
import { Problem } from "../api/problem";
import type { SessionDoc } from "../api/types";
import { useMe } from "../auth/hooks";
import { Button } from "../ui/button";
import { Screen, Skeleton } from "../ui/screen";
import { toast } from "../ui/toast";
import { CodeForm } from "./code-form";

/** He came while a game was running without him. */
function isWaiting({ games, players }: SessionDoc, me: string): boolean {
  const game = games.at(-1);
  const seat = players.find(({ user_id }) => user_id === me);
  return game?.state === "running" && !(seat && seat.id in game.scores);
}

/** Where an invitation leads. Joining twice changes nothing, so asking again is harmless. */
export default function JoinScreen() {
  const { t } = useLingui();
  const { code = "" } = useParams();
  const me = useMe();
  const navigate = useNavigate();
  const join = useQuery({
    queryKey: ["join", code],
    queryFn: async () => {
      const evening = await data(joinSession({ body: { code: code.toUpperCase() } }));
      if (isWaiting(evening, me.id)) toast(t`You play from the next game on`);
      return evening;
    },
    gcTime: 0,
    // A code that opens nothing opens nothing a second later.
    retry: (count, error) => count < 1 && !(error instanceof Problem),
  });
  if (join.data) return <Navigate to={`/t/${join.data.id}`} replace />;
  const { error } = join;
  const wrong = error instanceof Problem && [404, 422].includes(error.status);
  const texts: Record<string, string> = {
    rate_limited: t`Too many tries: wait a minute.`,
    merging: t`Two accounts are becoming one just now. Try again in a moment.`,
  };
  const known = error instanceof Problem ? texts[error.code] : undefined;
  return (
    <Screen title={t`Join by code`} back>
      {join.isPending ? (
        <Skeleton rows={2} />
      ) : wrong ? (
        <div className="flex flex-col gap-4">
          <p role="alert">{t`There is no evening with this code. Check it, or ask for a new one if the evening is over.`}</p>
          <CodeForm
            key={code}
            given={code}
            onCode={(next) => (next === code ? void join.refetch() : navigate(`/join/${next}`, { replace: true }))}
          />
        </div>
      ) : (
        <div role="alert" className="flex flex-col items-start gap-4 rounded-tile bg-card p-4">
          <p>{known ?? t`The server does not answer.`}</p>
          <Button className="bg-well" onClick={() => void join.refetch()}>
            {t`Try again`}
          </Button>
        </div>
      )}
    </Screen>
  );
}
