import { useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { CODE_LENGTH, codeOf } from "../lib/code";
import { Button } from "../ui/button";
import { Field } from "../ui/form";

interface Props {
  /** What was typed before, to be put right. */
  given?: string;
  onCode: (code: string) => void;
}

export function CodeForm({ given = "", onCode }: Props) {
  const { t } = useLingui();
  const [code, setCode] = useState(codeOf(given));
  function submit(event: FormEvent): void {
    event.preventDefault();
    onCode(code);
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field
        label={t`Code of the evening`}
        hint={t`Six letters and digits, shown in the menu of the evening.`}
        value={code}
        onChange={(event) => setCode(codeOf(event.target.value))}
        autoCapitalize="characters"
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="go"
      />
      <Button look="primary" type="submit" wide disabled={code.length !== CODE_LENGTH}>
        {t`Join`}
      </Button>
    </form>
  );
}
