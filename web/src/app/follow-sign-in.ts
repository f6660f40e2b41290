import { authNow, onAuth } from "../auth/session";
import { forgetSeen } from "../live/db";
import { startOutboxes, stopOutboxes, whenRefusedUnseen } from "../live/outboxes";
import { refusalText } from "../screens/table/refusals";
import { toast } from "../ui/toast";
import { tellLanguage } from "./language";
import { queries } from "./queries";

/** What hangs on who is signed in: what is sent for him, and what is remembered of him. */
export function followSignIn(spoken: Promise<void>): void {
  whenRefusedUnseen((problem) => toast(refusalText(problem), true));
  let greeted: string | null = null;
  onAuth(() => {
    const auth = authNow();
    if (auth.state === "signed_in") {
      startOutboxes(auth.user.id);
      if (greeted !== auth.user.id) void spoken.then(tellLanguage).catch(() => undefined);
      greeted = auth.user.id;
    }
    if (auth.state !== "signed_out") return;
    stopOutboxes();
    queries.clear();
    void forgetSeen().catch(() => undefined);
  });
}
