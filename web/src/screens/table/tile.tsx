import { Plural, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { cn } from "../../lib/cn";
import { points } from "../../lib/money";
import { Avatar } from "../../ui/avatar";
import { useNames } from "./context";

interface HeadProps {
  player: string;
  onOpen: () => void;
  /** Something short at the right: whose turn, place in the circle. */
  note?: ReactNode;
}

/** The name is a button: behind it is everything rarer than a ball. */
export function TileHead({ player, onOpen, note }: HeadProps) {
  const { t } = useLingui();
  const name = useNames()(player);
  return (
    <div className="tile-name flex min-w-0 items-center gap-2">
      <button
        type="button"
        onClick={onOpen}
        className="press -m-1 flex min-h-9 min-w-0 grow items-center gap-2 rounded-key p-1 text-start"
      >
        <Avatar id={player} name={name} className="size-7" />
        <span dir="auto" className="min-w-0 grow truncate font-bold">
          {name}
        </span>
        <span className="sr-only">{t`more`}</span>
      </button>
      {note && <span className="tile-note shrink-0 text-s text-hint">{note}</span>}
    </div>
  );
}

/** Names longer than this leave no room for anything beside them in half a phone. */
const LONG_NAME = 8;

export const areLong = (names: string[]): boolean => names.some((name) => name.length > LONG_NAME);

/** Plus is green, minus is red, nothing is grey. */
export function Signed({ value, children, className }: { value: number; children: ReactNode; className?: string }) {
  const tone = value > 0 ? "text-plus" : value < 0 ? "text-minus" : "text-hint";
  return <span className={cn("figures font-bold", tone, className)}>{children}</span>;
}

/** What somebody stands at in points; of `norm` they may be a fraction. A low row has no room for the word. */
export function Ledger({ points: value, short }: { points: number | string; short: boolean }) {
  return (
    <Signed value={Number.parseFloat(String(value))} className="shrink-0">
      {short && typeof value === "number" ? points(value, true) : <LedgerPoints points={value} />}
    </Signed>
  );
}

function LedgerPoints({ points: value }: { points: number | string }) {
  if (typeof value === "string") return value.startsWith("-") ? value.replace("-", "\u2212") : `+${value}`;
  const shown = points(value, true);
  return <Plural value={Math.abs(value)} one={`${shown} point`} other={`${shown} points`} />;
}

interface KeyProps {
  label: string;
  onTap: (key: HTMLElement) => void;
  disabled?: boolean;
  className?: string;
  children: ReactNode;
}

export function Key({ label, onTap, disabled, className, children }: KeyProps) {
  return (
    <button
      type="button"
      aria-label={label}
      disabled={disabled}
      onClick={(event) => onTap(event.currentTarget)}
      className={cn("key", className)}
    >
      {children}
    </button>
  );
}
