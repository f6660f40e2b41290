import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeMe, data } from "../../api";
import type { MeChange } from "../../api/generated";
import { speak } from "../../app/language";
import { useMe } from "../../auth/hooks";
import { rename, signOut } from "../../auth/session";
import type { Language } from "../../i18n";
import { inTelegram } from "../../telegram";
import { Button } from "../../ui/button";
import { Choices, Field } from "../../ui/form";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";

export function MeSheet({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useLingui();
  const me = useMe();
  const [name, setName] = useState(me.display_name);
  const change = useMutation({
    mutationFn: (body: MeChange) => data(changeMe({ body })),
    onSuccess: rename,
    onError: () => toast(t`The server does not answer`, true),
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    change.mutate({ display_name: name.trim() }, { onSuccess: () => toast(t`Saved`) });
  }
  return (
    <Sheet title={t`Settings`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <form onSubmit={submit} className="flex items-end gap-2">
          <Field
            className="min-w-0 grow"
            label={t`Your name`}
            value={name}
            onChange={(event) => setName(event.target.value)}
            maxLength={64}
          />
          <Button type="submit" busy={change.isPending} disabled={!name.trim() || name.trim() === me.display_name}>
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
          onChange={(language) => void speak(language).catch(() => toast(t`The server does not answer`, true))}
        />
        {!inTelegram() && (
          <Button wide look="danger" onClick={() => void signOut()}>
            {t`Sign out`}
          </Button>
        )}
      </div>
    </Sheet>
  );
}
