import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { data, lookAtLink, merge as mergeAccounts } from "../../api";
import type { LinkBegun } from "../../api/generated";
import { Problem } from "../../api/problem";
import { inTelegram, onReturn, openOutside } from "../../telegram";
import { Button } from "../../ui/button";
import { toast } from "../../ui/toast";
import { useFresh } from "./fresh";
import { useSay } from "./say";

const LOOK_MS = 2_000;
const OVER = ["linked", "agreed", "failed"];

interface LinkingProps {
  begun: LinkBegun;
  onDone: () => void;
}

interface Beginning {
  beginning: boolean;
  onAgain: () => void;
}

/** What becomes of a link that was begun: proven in a browser, heard of here by itself. */
export function Linking({ begun, onDone, ...anew }: LinkingProps & Beginning) {
  const { t } = useLingui();
  const link = useQuery({
    queryKey: ["link", begun.link_id],
    queryFn: () => data(lookAtLink({ path: { link_id: begun.link_id } })),
    staleTime: 0,
    retry: false,
    refetchInterval: ({ state }) => (state.error || OVER.includes(state.data?.state ?? "") ? false : LOOK_MS),
  });
  useEffect(() => onReturn(() => void link.refetch()), [link.refetch]);
  const state = link.data?.state ?? "waiting";
  useEffect(() => {
    if (state !== "linked") return;
    toast(t`Done: you can sign in this way too`);
    onDone();
  }, [state, onDone, t]);
  const gone = link.error instanceof Problem && link.error.status === 404;
  if (gone) return <Over text={t`The link has expired. Begin again.`} onDone={onDone} {...anew} />;
  if (state === "failed") return <Failure code={link.data?.code ?? ""} onDone={onDone} {...anew} />;
  if (state === "agreed") return <Agreed begun={begun} other={link.data?.other ?? ""} onDone={onDone} />;
  if (state === "taken") {
    return (
      <p role="status">{t`This way leads into another account. Confirm in the browser that it is yours too, and the two can become one.`}</p>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      <p>
        {inTelegram()
          ? t`It goes on in your browser. There must be the same number:`
          : t`It goes on on another page. There must be the same number:`}
      </p>
      <p className="text-center text-[3.5rem] leading-tight font-bold tabular-nums">{begun.match_code}</p>
      {state === "opened" ? (
        <>
          <p role="status">{t`Opened: waiting for you there`}</p>
          <Anew {...anew} />
        </>
      ) : (
        <Button wide look="primary" onClick={() => openOutside(begun.url)}>
          {t`Open the page`}
        </Button>
      )}
    </div>
  );
}

/** The page opens once: who has closed it needs another. */
function Anew({ beginning, onAgain }: Beginning) {
  const { t } = useLingui();
  return (
    <Button wide busy={beginning} onClick={onAgain}>
      {t`Begin again`}
    </Button>
  );
}

function Failure({ code, ...rest }: { code: string; onDone: () => void } & Beginning) {
  const { t } = useLingui();
  const texts: Record<string, string> = {
    refused: t`You said no on the page in the browser. Nothing was changed.`,
    denied: t`You did not confirm it there. Nothing was changed.`,
    another_linked: t`You have another one of this kind already. Remove that one first.`,
  };
  return <Over text={texts[code] ?? t`It could not be found out who you are. Try again later.`} {...rest} />;
}

function Over({ text, onDone, ...anew }: { text: string; onDone: () => void } & Beginning) {
  const { t } = useLingui();
  return (
    <div className="flex flex-col gap-4">
      <p role="alert">{text}</p>
      <Anew {...anew} />
      <Button wide onClick={onDone}>
        {t`Close`}
      </Button>
    </div>
  );
}

/** Both were proven to be his: one account can become of the two. */
function Agreed({ begun, other, onDone }: LinkingProps & { other: string }) {
  const { t } = useLingui();
  const say = useSay();
  const fresh = useFresh();
  const merge = useMutation({
    mutationFn: () => fresh(() => mergeAccounts({ body: { link_id: begun.link_id } })),
    onSuccess: () => {
      toast(t`The two accounts are one now`);
      onDone();
    },
    onError: (error) => {
      const texts: Record<string, string> = {
        users_met: t`These two have sat at one table: they cannot be the same person.`,
        merging: t`One of the accounts is just becoming another: try again in a moment.`,
        blocked: t`One of the accounts is blocked`,
        admin_stays: t`An admin's account has to be the one that stays: begin there.`,
        deletion_asked: t`One of the accounts is about to be deleted: take that back first.`,
      };
      const known = error instanceof Problem ? texts[error.code] : undefined;
      if (known) toast(known, true);
      else say(error);
    },
  });
  return (
    <div className="flex flex-col gap-4">
      <p>
        {t`This way leads into another account:`} <b dir="auto">{other}</b>
      </p>
      <p>{t`If that is you as well, the two can become one: its evenings, friends and rules come here. It cannot be undone.`}</p>
      <Button wide look="danger" busy={merge.isPending} onClick={() => merge.mutate()}>
        {t`Make one account of the two`}
      </Button>
      <Button wide onClick={onDone}>
        {t`Leave it as it is`}
      </Button>
    </div>
  );
}
