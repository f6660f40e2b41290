import { cn } from "../lib/cn";

/** Dark enough for white letters on each. */
const TINTS = ["#6d54d9", "#0b7a86", "#b4532f", "#2f7d4f", "#a33b7c", "#3867b8", "#84690f", "#5b6675"];

function tint(id: string): string {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return TINTS[sum % TINTS.length] ?? "#5b6675";
}

/** The first letter as people count letters: an emoji stays whole. */
export function initial(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return (first?.segment ?? "?").toLocaleUpperCase();
}

interface AvatarProps {
  id: string;
  name: string;
  className?: string;
}

export function Avatar({ id, name, className }: AvatarProps) {
  return (
    <span aria-hidden="true" style={{ background: tint(id) }} className={cn("avatar", className)}>
      {initial(name)}
    </span>
  );
}
