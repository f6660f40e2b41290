import { useLingui } from "@lingui/react/macro";
import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import { cn } from "../lib/cn";
import { haptics } from "../telegram";
import { IconButton } from "./button";
import { MinusIcon, PlusIcon } from "./icons";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string;
  error?: string | null;
}

export function Field({ label, hint, error, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-s text-hint">
        {label}
      </label>
      <input
        id={id}
        dir="auto"
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        className="min-h-14 w-full rounded-key border border-line bg-card px-4 text-m placeholder:text-hint aria-invalid:border-minus"
        {...rest}
      />
      {(error || hint) && (
        <p id={`${id}-note`} className={cn("mt-1.5 text-s", error ? "text-minus" : "text-hint")}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

/** Where something stands that cannot be taken. What was last right is not what was meant: nothing may begin with it. */
export const wrongField = (within: ParentNode = document): HTMLInputElement | null =>
  within.querySelector<HTMLInputElement>("input[aria-invalid=true]");

interface Choice<T extends string> {
  value: T;
  label: string;
}

interface ChoicesProps<T extends string> {
  legend: string;
  value: T;
  choices: readonly Choice<T>[];
  onChange: (value: T) => void;
  hint?: string;
  hideLegend?: boolean;
}

/** One of a few, all in sight. */
export function Choices<T extends string>({ legend, value, choices, onChange, hint, hideLegend }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset>
      <legend className={hideLegend ? "sr-only" : "mb-1.5 text-s text-hint"}>{legend}</legend>
      <div className="flex flex-wrap gap-2">
        {choices.map((choice) => (
          <label
            key={choice.value}
            className={cn(
              "press inline-flex min-h-11 items-center rounded-full px-4 has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent",
              choice.value === value ? "bg-accent text-on-accent" : "bg-card",
            )}
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              checked={choice.value === value}
              onChange={() => {
                haptics.pick();
                onChange(choice.value);
              }}
            />
            {choice.label}
          </label>
        ))}
      </div>
      {hint && <p className="mt-1.5 text-s text-hint">{hint}</p>}
    </fieldset>
  );
}

interface SwitchProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Switch({ label, hint, checked, onChange }: SwitchProps) {
  return (
    <label className="flex min-h-14 items-center gap-3 py-2">
      <span className="grow">
        <span className="block">{label}</span>
        {hint && <span className="block text-s text-hint">{hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        className="peer sr-only"
        checked={checked}
        aria-checked={checked}
        onChange={(event) => {
          haptics.pick();
          onChange(event.target.checked);
        }}
      />
      <span
        aria-hidden="true"
        className="relative h-8 w-13 shrink-0 rounded-full bg-hint transition-colors after:absolute after:top-1 after:left-1 after:size-6 after:rounded-full after:bg-white after:transition-transform peer-checked:bg-accent peer-checked:after:translate-x-5 peer-focus-visible:outline-3 peer-focus-visible:outline-offset-2 peer-focus-visible:outline-accent"
      />
    </label>
  );
}

interface StepperProps {
  label: string;
  hint?: string;
  value: number;
  min: number;
  max: number;
  onChange: (value: number) => void;
  shown?: string;
}

export function Stepper({ label, hint, value, min, max, onChange, shown }: StepperProps) {
  const { t } = useLingui();
  const step = (by: number): void => {
    haptics.pick();
    onChange(Math.min(max, Math.max(min, value + by)));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in one row in every webview
    <div role="group" aria-label={label} className="flex min-h-14 items-center gap-1 py-1">
      <span className="grow" dir="auto">
        {label}
        {hint && <span className="block text-s text-hint">{hint}</span>}
      </span>
      <IconButton
        label={t`Less: ${label}`}
        className="bg-well text-text"
        disabled={value <= min}
        onClick={() => step(-1)}
      >
        <MinusIcon />
      </IconButton>
      <output className="figures min-w-12 text-center font-bold">{shown ?? value}</output>
      <IconButton
        label={t`More: ${label}`}
        className="bg-well text-text"
        disabled={value >= max}
        onClick={() => step(1)}
      >
        <PlusIcon />
      </IconButton>
    </div>
  );
}

export function Card({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={cn("rounded-tile bg-card px-4 py-2", className)}>{children}</div>;
}
