import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { data, deleteMe, keepMe } from "../../api";
import { useMe } from "../../auth/hooks";
import { rename, renew, signOut } from "../../auth/session";
import { useDay } from "../../lib/evening";
import { inTelegram } from "../../telegram";
import { Button } from "../../ui/button";
import { Card } from "../../ui/form";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";
import { useFresh } from "./fresh";
import { Page } from "./page";
import { useSay } from "./say";

export function Leaving() {
  const { t } = useLingui();
  const { deletes_at } = useMe();
  const [asking, setAsking] = useState(false);
  if (deletes_at) {
    return (
      <Page title={t`Leave Artel`}>
        <Stay at={deletes_at} />
      </Page>
    );
  }
  return (
    <Page title={t`Leave Artel`}>
      <Card className="flex flex-col gap-3 py-4">
        <p>{t`No more billiards? The account can be deleted: you have 14 days to think it over, and then nothing about you is left.`}</p>
        <p className="text-hint">
          {t`What others have played with you stays with them: in their evenings a player without a name is in your place, and the sums do not change.`}
        </p>
        <Link to="/account/data" className="flex min-h-11 items-center text-accent">
          {t`Take my data along first`}
        </Link>
      </Card>
      <Button wide look="danger" onClick={() => setAsking(true)}>
        {t`Delete my account`}
      </Button>
      {asking && <Leave onClose={() => setAsking(false)} />}
    </Page>
  );
}

export function Stay({ at }: { at: string }) {
  const { t } = useLingui();
  const me = useMe();
  const say = useSay();
  const day = useDay()(at);
  const keep = useMutation({
    mutationFn: () => keepMe(),
    onSuccess: () => {
      rename({ ...me, deletes_at: null });
      toast(t`You stay`);
    },
    onError: say,
  });
  return (
    <Card className="flex flex-col gap-3 py-4">
      <p>{t`This account will be deleted on ${day}.`}</p>
      <Button wide look="primary" busy={keep.isPending} onClick={() => keep.mutate()}>
        {t`Do not delete it`}
      </Button>
    </Card>
  );
}

/** Whoever is in Telegram is signed in again by the launch, and sees there that he may still stay. */
function Leave({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const say = useSay();
  const fresh = useFresh();
  const leave = useMutation({
    mutationFn: () => fresh(() => data(deleteMe())),
    onSuccess: ({ deletes_at }) => (inTelegram() ? renew() : signOut({ why: "leaving", deletesAt: deletes_at })),
    onError: say,
  });
  return (
    <Sheet title={t`Delete the account?`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p>{t`You are signed out on all devices, and in 14 days everything about you is deleted: name, friends, rules, figures. Until then, sign in again to take it back.`}</p>
        <Button wide look="danger" busy={leave.isPending} onClick={() => leave.mutate()}>
          {t`Delete in 14 days`}
        </Button>
      </div>
    </Sheet>
  );
}
