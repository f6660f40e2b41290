import { useEffect, useRef, useSyncExternalStore } from "react";
import { haptics } from "../telegram";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

/** What went wrong takes longer to read. */
const STAYS_MS = { good: 2500, bad: 4500 };
const AT_ONCE = 3;

let toasts: Toast[] = [];
let made = 0;
const listeners = new Set<() => void>();

function set(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Says something for a few seconds. The same text twice in a row is said once. */
export function toast(text: string, bad = false): void {
  if (toasts.at(-1)?.text === text) return;
  made += 1;
  const id = made;
  set([...toasts, { id, text, bad }].slice(-AT_ONCE));
  if (bad) haptics.failure();
  setTimeout(() => set(toasts.filter((one) => one.id !== id)), bad ? STAYS_MS.bad : STAYS_MS.good);
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  const box = useRef<HTMLDivElement>(null);
  // A sheet lies in the browser's top layer; only another of that layer can be seen above it.
  useEffect(() => {
    const element = box.current;
    if (!element?.showPopover) return;
    if (element.matches(":popover-open")) element.hidePopover();
    if (shown.length > 0) element.showPopover();
  }, [shown]);
  return (
    <div
      ref={box}
      popover="manual"
      role="status"
      className="pointer-events-none fixed inset-x-0 top-[max(0.75rem,var(--inset-top))] bottom-auto m-0 w-full space-y-2 bg-transparent px-4"
    >
      {shown.map((one) => (
        <p
          key={one.id}
          className="appear mx-auto max-w-md rounded-key bg-text px-4 py-3 text-center text-page"
          data-bad={one.bad || undefined}
        >
          {one.text}
        </p>
      ))}
    </div>
  );
}
