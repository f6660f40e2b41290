import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeMe, data } from "../../api";
import { Problem } from "../../api/problem";
import { speak } from "../../app/language";
import { useMe } from "../../auth/hooks";
import { rename } from "../../auth/session";
import type { Language } from "../../i18n";
import { cn } from "../../lib/cn";
import { Avatar } from "../../ui/avatar";
import { Button } from "../../ui/button";
import { Choices, Field } from "../../ui/form";
import { toast } from "../../ui/toast";
import { Page } from "./page";
import { useSay } from "./say";

/** What the server refuses in a name as long as ours may be: control characters, and what turns the writing round. */
const isUnfit = (error: unknown): boolean => error instanceof Problem && error.code === "invalid_body";

export function Profile() {
  const { t, i18n } = useLingui();
  const me = useMe();
  const say = useSay();
  const [name, setName] = useState(me.display_name);
  const wanted = name.trim();
  const change = useMutation({
    mutationFn: (display_name: string) => data(changeMe({ body: { display_name } })),
    onSuccess: ({ privacy: _, ...user }) => {
      rename(user);
      toast(t`Saved`);
    },
    onError: (error) => isUnfit(error) || say(error),
  });
  const changed = wanted !== "" && wanted !== me.display_name;
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (changed) change.mutate(wanted);
  }
  return (
    <Page title={t`Name and language`}>
      <div className="flex flex-col gap-6">
        <Picture key={me.avatar_url} className="size-20 self-center text-l" />
        <form onSubmit={submit} className="flex flex-col gap-3">
          <Field
            label={t`Your name`}
            value={name}
            onChange={(event) => {
              setName(event.target.value);
              change.reset();
            }}
            error={isUnfit(change.error) ? t`The name has characters that cannot be shown` : null}
            maxLength={64}
            autoComplete="nickname"
          />
          {changed && (
            <Button type="submit" wide busy={change.isPending}>
              {t`Save`}
            </Button>
          )}
        </form>
        <Choices<Language>
          legend={t`Language`}
          value={i18n.locale as Language}
          choices={[
            { value: "ru", label: "Русский" },
            { value: "en", label: "English" },
          ]}
          onChange={(language) => void speak(language).catch(say)}
        />
      </div>
    </Page>
  );
}

/** It stands at the provider's, where it may be gone by now. */
export function Picture({ className = "size-12" }: { className?: string }) {
  const me = useMe();
  const [isGone, setGone] = useState(false);
  if (!me.avatar_url || isGone) return <Avatar id={me.id} name={me.display_name} className={className} />;
  return (
    <img
      src={me.avatar_url}
      alt=""
      referrerPolicy="no-referrer"
      className={cn("avatar object-cover", className)}
      onError={() => setGone(true)}
    />
  );
}
