import { useLingui } from "@lingui/react/macro";
import { useId } from "react";

const FIRST = ["RUB", "BYN", "KZT", "UAH", "UZS", "AMD", "GEL", "USD", "EUR"];

/** All that the phone knows, the usual ones first. */
function currencies(): string[] {
  const all = Intl.supportedValuesOf?.("currency") ?? [];
  return [...FIRST, ...all.filter((code) => !FIRST.includes(code))];
}

export function Currency({ value, onChange }: { value: string; onChange: (currency: string) => void }) {
  const { t, i18n } = useLingui();
  const id = useId();
  const names = new Intl.DisplayNames(i18n.locale, { type: "currency" });
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-s text-hint">
        {t`Currency`}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="min-h-14 w-full rounded-key border border-line bg-card px-4 text-m"
      >
        {currencies().map((code) => (
          <option key={code} value={code}>
            {code} — {names.of(code)}
          </option>
        ))}
      </select>
    </div>
  );
}
