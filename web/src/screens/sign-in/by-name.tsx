import { useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Problem } from "../../api/problem";
import { signInByName } from "../../auth/session";
import { Button } from "../../ui/button";
import { Field } from "../../ui/form";

/** `alone`: there is no better way in. */
export function ByName({ alone }: { alone: boolean }) {
  const { t } = useLingui();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signInByName(name.trim());
    } catch (problem) {
      setError(sentence(problem));
      setBusy(false);
    }
  }

  function sentence(problem: unknown): string {
    if (!(problem instanceof Problem)) return t`The server does not answer`;
    if (problem.code === "blocked") return t`This account is blocked`;
    if (problem.code === "invalid_body") return t`The name has characters that cannot be shown`;
    return t`The server does not answer`;
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
        error={error}
      />
      <Button look={alone ? "primary" : "plain"} type="submit" wide busy={busy} disabled={!name.trim()}>
        {t`Sign in`}
      </Button>
    </form>
  );
}
