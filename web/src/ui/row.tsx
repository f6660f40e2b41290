import type { ReactNode } from "react";
import { cn } from "../lib/cn";
import { NextIcon } from "./icons";

interface RowProps {
  icon?: ReactNode;
  title: ReactNode;
  note?: ReactNode;
  /** The note is read to its end, on as many lines as that takes; large letters push what is aside below. */
  whole?: boolean;
  aside?: ReactNode;
  onTap?: () => void;
  danger?: boolean;
  disabled?: boolean;
}

/** A line of a list: a button where something happens, plain text where not. */
export function Row({ icon, title, note, whole, aside, onTap, danger, disabled }: RowProps) {
  const inside = (
    <>
      {icon && <span className={cn("shrink-0", danger ? "text-minus" : "text-accent")}>{icon}</span>}
      <span className={cn("min-w-0 grow", whole && "basis-20")}>
        <span dir="auto" className={cn("block truncate", danger && "text-minus")}>
          {title}
        </span>
        {note && (
          <span dir="auto" className={cn("block text-s text-hint", !whole && "truncate")}>
            {note}
          </span>
        )}
      </span>
      {aside !== undefined && <span className="ms-auto flex shrink-0 items-center gap-3">{aside}</span>}
      {onTap && !danger && aside === undefined && <NextIcon className="size-4 shrink-0 text-hint" />}
    </>
  );
  const look = cn("flex min-h-14 w-full items-center gap-3 px-4 py-2 text-start", whole && "flex-wrap");
  if (!onTap) return <div className={look}>{inside}</div>;
  return (
    <button
      type="button"
      onClick={onTap}
      disabled={disabled}
      className={cn(look, "active:bg-well disabled:opacity-45")}
    >
      {inside}
    </button>
  );
}

export function List({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <ul aria-label={label} className="divide-y divide-line overflow-hidden rounded-tile bg-card">
      {children}
    </ul>
  );
}
