import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { data, renewCode, share as shareBoard, unshare as unshareBoard } from "../../../api";
import { Problem } from "../../../api/problem";
import { useMe } from "../../../auth/hooks";
import { type Shared, shareLink } from "../../../telegram";
import { Button } from "../../../ui/button";
import { Card, Switch } from "../../../ui/form";
import { Section } from "../../../ui/screen";
import { Sheet } from "../../../ui/sheet";
import { toast } from "../../../ui/toast";
import { useMoney, useTableView } from "../context";
import { refusalText } from "../refusals";

export default function ShareSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  return (
    <Sheet title={t`Invite and share`} onClose={onClose}>
      <div className="flex flex-col gap-6">
        <Invite />
        <Board />
      </div>
    </Sheet>
  );
}

function useTold(): (how: Shared) => void {
  const { t } = useLingui();
  return (how) => {
    if (how === "copied") toast(t`The link is copied`);
    if (how === "failed") toast(t`Could not copy the link`, true);
  };
}

function useFailed(): (error: unknown) => void {
  const { t } = useLingui();
  return (error) => toast(error instanceof Problem ? refusalText(error) : t`The server does not answer`, true);
}

function Invite() {
  const { t } = useLingui();
  const { view } = useTableView();
  const me = useMe();
  const told = useTold();
  const fresh = useMutation({
    mutationFn: () => data(renewCode({ path: { session_id: view.doc.id } })),
    onError: useFailed(),
  });
  // Another phone may send somebody away meanwhile, and there is another code then.
  const code = view.doc.code ?? fresh.data?.code;
  if (!code) {
    return view.doc.organizer_id === me.id && !view.finished ? (
      <Button wide busy={fresh.isPending} onClick={() => fresh.mutate()}>
        {t`Make a new code`}
      </Button>
    ) : null;
  }
  const link = new URL(`/join/${code}`, window.location.href).href;
  return (
    <Section title={t`Others join by this code`}>
      <Card className="flex flex-col gap-3 py-4">
        <p className="selectable figures text-center text-l font-bold tracking-[0.2em]">{code}</p>
        <Button look="primary" wide onClick={() => void shareLink(link, t`Come and play`).then(told)}>
          {t`Send the invitation`}
        </Button>
      </Card>
    </Section>
  );
}

/** A page that only shows: for a screen on the wall, or for those at home. */
function Board() {
  const { t } = useLingui();
  const { view } = useTableView();
  const me = useMe();
  const told = useTold();
  const { on } = useMoney();
  const [withMoney, setWithMoney] = useState(false);
  const failed = useFailed();
  const share = useMutation({
    mutationFn: () => data(shareBoard({ path: { session_id: view.doc.id }, body: { money: withMoney } })),
    onSuccess: async ({ url }) => told(await shareLink(new URL(url, window.location.href).href, view.doc.name ?? "")),
    onError: failed,
  });
  const stop = useMutation({
    mutationFn: () => unshareBoard({ path: { session_id: view.doc.id } }),
    onSuccess: () => toast(t`The scoreboard is closed`),
    onError: failed,
  });
  if (view.doc.organizer_id !== me.id) return null;
  return (
    <Section title={t`A scoreboard for spectators`}>
      <Card className="flex flex-col gap-2 py-3">
        <p className="text-s text-hint">{t`Whoever has the link sees names and scores, and can change nothing.`}</p>
        {on && <Switch label={t`Show money too`} checked={withMoney} onChange={setWithMoney} />}
        <div className="grid grid-cols-2 gap-2">
          <Button className="bg-well" busy={share.isPending} onClick={() => share.mutate()}>
            {t`Send the link`}
          </Button>
          <Button className="bg-well font-normal" busy={stop.isPending} onClick={() => stop.mutate()}>
            {t`Close the scoreboard`}
          </Button>
        </div>
      </Card>
    </Section>
  );
}
