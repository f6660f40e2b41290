import { useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { useAuth } from "../../auth/hooks";
import { heardBack } from "../../auth/session";

/** For whoever was sent away to prove once more who he is: how that ended. */
export function Back() {
  const { t } = useLingui();
  const auth = useAuth();
  const [back] = useState(auth.state === "signed_in" ? auth.back : undefined);
  useEffect(heardBack, []);
  const texts: Partial<Record<NonNullable<typeof back>, string>> = {
    proven: t`It is certainly you. Now do once more what you began.`,
    another: t`That was another account, so nothing has changed: you are still in this one. Begin again and choose the right one there.`,
    too_often: t`That was too often. Nothing has changed; try again a little later.`,
    denied: t`You did not confirm that it is you. Nothing has changed.`,
  };
  const other = t`It could not be found out who you are. Nothing has changed; try again later.`;
  return back ? (
    <p role={back === "proven" ? "status" : "alert"} className="rounded-tile bg-card p-4">
      {texts[back] ?? other}
    </p>
  ) : null;
}
