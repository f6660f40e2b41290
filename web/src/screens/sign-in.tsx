import { useLingui } from "@lingui/react/macro";
import { type FormEvent, type ReactNode, useState } from "react";
import { Problem } from "../api/problem";
import { signInByName, startAuth } from "../auth/session";
import { inTelegram } from "../telegram";
import { Ball } from "../ui/ball";
import { Button } from "../ui/button";
import { Field } from "../ui/form";

export type Why = "new" | "expired" | "no_init_data" | "unreachable" | "refused" | "blocked";

export function SignInScreen({ why }: { why: Why }) {
  return (
    <main className="safe mx-auto flex min-h-(--screen) max-w-md flex-col justify-center gap-8">
      <Mark />
      {inTelegram() ? <FromTelegram why={why} /> : <ByName expired={why === "expired"} />}
    </main>
  );
}

function Mark() {
  const { t } = useLingui();
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-end gap-2" aria-hidden="true">
        <Ball className="size-14" />
        <Ball colour="yellow" className="size-10" />
        <Ball colour="red" className="size-7" />
      </div>
      <h1 className="text-l font-bold">{t`Artel Billiards`}</h1>
      <p className="text-hint">{t`Keeps the score, the order and the money of an evening of Russian billiards.`}</p>
    </div>
  );
}

function FromTelegram({ why }: { why: Why }): ReactNode {
  const { t } = useLingui();
  const text = {
    new: "",
    expired: t`This launch has expired. Close the app and open it again from the bot.`,
    no_init_data: t`Telegram did not say who you are. Open the app from the bot's menu button.`,
    unreachable: t`The server does not answer. Check the connection.`,
    blocked: t`This account is blocked. If that is a mistake, write to whoever runs this bot.`,
    refused: t`Signing in did not work. Close the app and open it again from the bot.`,
  }[why];
  return (
    <div className="flex flex-col gap-4">
      <p role="alert">{text}</p>
      <Button look="primary" wide onClick={() => void startAuth()}>
        {t`Try again`}
      </Button>
    </div>
  );
}

function ByName({ expired }: { expired: boolean }) {
  const { t } = useLingui();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  function whyNot(problem: unknown): string {
    if (!(problem instanceof Problem)) return t`The server does not answer`;
    if (problem.code === "blocked") return t`This account is blocked`;
    return problem.status === 404 ? t`Sign in through Telegram: open the bot` : t`The server does not answer`;
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signInByName(name.trim());
    } catch (problem) {
      setError(whyNot(problem));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field
        label={t`Your name`}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={64}
        autoComplete="nickname"
        enterKeyHint="go"
        hint={expired ? t`The sign-in has expired: sign in again` : undefined}
        error={error}
      />
      <Button look="primary" type="submit" wide busy={busy} disabled={!name.trim()}>
        {t`Sign in`}
      </Button>
    </form>
  );
}
