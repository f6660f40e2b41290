import { useEffect, useRef } from "react";
import { points } from "../lib/money";

/** In digits: the minus is the widest of them. */
const widthOf = (text: string): number => text.length + (text.startsWith("\u2212") ? 0.3 : 0);

/** A score as large as its box allows. It jumps a little when it changes, unless motion is not wanted. */
export function Figure({ value }: { value: number }) {
  const text = points(value);
  const shown = useRef<HTMLSpanElement>(null);
  const before = useRef(value);
  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    const element = shown.current;
    element?.classList.remove("bump");
    requestAnimationFrame(() => element?.classList.add("bump"));
  }, [value]);
  return (
    <div className="figure-box">
      <span ref={shown} className="figure figures" style={{ "--digits": widthOf(text) } as never}>
        {text}
      </span>
    </div>
  );
}
