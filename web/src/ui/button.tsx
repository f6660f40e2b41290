import type { ButtonHTMLAttributes, ReactNode } from "react";
import { cn } from "../lib/cn";

type Look = "primary" | "plain" | "quiet" | "danger";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  busy?: boolean;
  wide?: boolean;
  children: ReactNode;
}

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-on-accent",
  plain: "bg-card text-text",
  quiet: "bg-transparent text-accent",
  danger: "bg-card text-minus",
};

export function Button({
  look = "plain",
  busy = false,
  wide = false,
  className,
  disabled,
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={cn(
        "press inline-flex min-h-14 items-center justify-center gap-2 rounded-key px-5 font-bold disabled:opacity-55",
        LOOKS[look],
        wide && "w-full",
        className,
      )}
      {...rest}
    >
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  children: ReactNode;
}

export function IconButton({ label, className, children, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      className={cn("press inline-grid size-11 shrink-0 place-items-center rounded-full text-hint", className)}
      {...rest}
    >
      {children}
    </button>
  );
}
