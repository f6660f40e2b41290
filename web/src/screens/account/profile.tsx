import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeMe, data } from "../../api";
import { Problem } from "../../api/problem";
import { speak } from "../../app/language";
import { useMe } from "../../auth/hooks";
import { rename } from "../../auth/session";
import type { Language } from "../../i18n";
import { Avatar } from "../../ui/avatar";
import { Button } from "../../ui/button";
import { Choices, Field } from "../../ui/form";
import { toast } from "../../ui/toast";
import { Part } from "./part";
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
    <Part title={t`Profile`}>
      <div className="flex flex-col gap-4">
        <Picture key={me.avatar_url} />
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
    </Part>
  );
}

/** It stands at the provider's, where it may be gone by now. */
function Picture() {
  const me = useMe();
  const [isGone, setGone] = useState(false);
  if (!me.avatar_url || isGone) return <Avatar id={me.id} name={me.display_name} className="size-14 self-center" />;
  return (
    <img
      src={me.avatar_url}
      alt=""
      referrerPolicy="no-referrer"
      className="avatar size-14 self-center object-cover"
      onError={() => setGone(true)}
    />
  );
}
