import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeMe, data } from "../../api";
import { speak } from "../../app/language";
import { useMe } from "../../auth/hooks";
import { rename } from "../../auth/session";
import type { Language } from "../../i18n";
import { Button } from "../../ui/button";
import { Choices, Field } from "../../ui/form";

import { toast } from "../../ui/toast";
import { Part } from "./part";
import { useSay } from "./say";

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
    onError: say,
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (wanted && wanted !== me.display_name) change.mutate(wanted);
  }
  return (
    <Part title={t`Profile`}>
      <div className="flex flex-col gap-4">
        <form onSubmit={submit} className="flex items-end gap-2">
          <Field
            className="min-w-0 grow"
            label={t`Your name`}
            value={name}
            onChange={(event) => setName(event.target.value)}
            maxLength={64}
            autoComplete="nickname"
          />
          <Button type="submit" busy={change.isPending} disabled={!wanted || wanted === me.display_name}>
            {t`Save`}
          </Button>
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
