import { cn } from "../lib/cn";

/** Kinds of balls are named by whoever made the rules; these names have a colour of their own. */
const COLOURS: Record<string, string> = {
  white: "white",
  yellow: "yellow",
  red: "red",
  green: "green",
  blue: "blue",
  pink: "pink",
  brown: "brown",
  black: "black",
};
const OTHERS = ["yellow", "red", "green", "blue", "pink", "brown", "black"];

export function ballColour(kind: string, place = 0): string {
  return COLOURS[kind] ?? (place === 0 ? "white" : (OTHERS[(place - 1) % OTHERS.length] ?? "white"));
}

interface BallProps {
  colour?: string;
  gone?: boolean;
  className?: string;
  children?: string | number;
}

export function Ball({ colour = "white", gone = false, className, children }: BallProps) {
  return (
    <span
      aria-hidden="true"
      data-colour={colour}
      data-gone={gone || undefined}
      className={cn("ball shrink-0", className)}
    >
      {children !== undefined && <span className="figures font-bold leading-none">{children}</span>}
    </span>
  );
}
