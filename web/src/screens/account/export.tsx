import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { data, listExports, requestExport } from "../../api";
import type { ExportOut } from "../../api/generated";
import { asProblem, Unreachable } from "../../api/problem";
import { queries } from "../../app/queries";
import { accessToken } from "../../auth/tokens";
import { useDay } from "../../lib/evening";
import { inTelegram } from "../../telegram";
import { offerToWrite } from "../../telegram/writing";
import { Button } from "../../ui/button";
import { Card } from "../../ui/form";
import { Failed, Skeleton } from "../../ui/screen";
import { useFresh } from "./fresh";
import { Page } from "./page";
import { useSay } from "./say";

const KEY = ["exports"];
const LOOK_AGAIN_MS = 2000;

export function Export() {
  const { t } = useLingui();
  const say = useSay();
  const fresh = useFresh();
  const known = useQuery({
    queryKey: KEY,
    queryFn: () => data(listExports()),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.[0]?.state === "preparing" ? LOOK_AGAIN_MS : false),
  });
  const ask = useMutation({
    mutationFn: () => fresh(() => data(requestExport())),
    onSuccess: () => {
      void offerToWrite(); // the bot says when it is ready, if it may
      return queries.invalidateQueries({ queryKey: KEY });
    },
    onError: say,
  });
  const last = known.data?.[0];
  const preparing = last?.state === "preparing";
  return (
    <Page title={t`My data`}>
      {known.isPending && <Skeleton rows={1} />}
      {known.isError && <Failed onAgain={() => void known.refetch()} />}
      <Card className="flex flex-col gap-3 py-4">
        <p>{t`Everything that is kept about you, in one archive: evenings, games, money, friends, settings.`}</p>
        <p role="status" className="text-hint empty:hidden">
          <State last={last} />
        </p>
        {last?.state === "ready" && <Download last={last} />}
        <Button
          wide
          look={last?.state === "ready" ? "plain" : "primary"}
          className={last?.state === "ready" ? "bg-well" : undefined}
          busy={ask.isPending}
          disabled={known.isPending || preparing}
          onClick={() => ask.mutate()}
        >
          {last?.state === "ready" ? t`Collect anew` : t`Collect my data`}
        </Button>
      </Card>
    </Page>
  );
}

function State({ last }: { last: ExportOut | undefined }) {
  const { t } = useLingui();
  const day = useDay();
  const until = last?.until && day(last.until);
  if (last?.state === "preparing") return t`Being collected. You may leave: the news will say when it is ready.`;
  if (last?.state === "failed") return t`It could not be collected. Please ask again.`;
  return until ? t`Ready. It can be downloaded until ${until}.` : null;
}

/** A file may take longer than any answer may, so it does not go through the client; and a link bears no token. */
async function fetched({ id }: ExportOut): Promise<Blob> {
  const headers = { Authorization: `Bearer ${await accessToken()}` };
  const answer = await fetch(`/api/v1/users/me/exports/${id}/archive`, { headers }).catch(() => {
    throw new Unreachable("no answer");
  });
  if (!answer.ok) throw asProblem(await answer.json().catch(() => null), answer);
  return answer.blob();
}

function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function Download({ last }: { last: ExportOut }) {
  const { t } = useLingui();
  const say = useSay();
  const fresh = useFresh();
  const download = useMutation({
    mutationFn: () => fresh(() => fetched(last)),
    onSuccess: (file) => save(file, `artel-${last.created_at.slice(0, 10)}.zip`),
    onError: say,
  });
  return (
    <>
      <Button wide look="primary" busy={download.isPending} onClick={() => download.mutate()}>
        {t`Download`}
      </Button>
      {inTelegram() && (
        <p className="text-s text-hint">
          {t`If nothing is saved, open Artel in a browser: not every Telegram can keep files.`}
        </p>
      )}
    </>
  );
}
