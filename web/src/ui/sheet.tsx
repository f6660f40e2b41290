import { useLingui } from "@lingui/react/macro";
import { type PointerEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useBackButton } from "../telegram";
import { IconButton } from "./button";
import { CloseIcon } from "./icons";

interface SheetProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Stays under the thumb while the rest scrolls. */
  footer?: ReactNode;
}

const LET_GO_PX = 90;

export function Sheet({ title, onClose, children, footer }: SheetProps) {
  const { t } = useLingui();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const pull = usePull(dialog, onClose);
  useBackButton(onClose);
  // Closed while it still stands in the page, so that the focus goes back to where it came from.
  useLayoutEffect(() => {
    const open = dialog.current;
    open?.showModal();
    return () => open?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a tap beside the sheet closes it; for keys there is Escape
    <dialog
      ref={dialog}
      className="sheet"
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className="flex max-h-[inherit] flex-col">
        <header {...pull} className="flex touch-none items-center gap-2 px-4 pt-2">
          <div aria-hidden="true" className="absolute inset-x-0 top-1.5 mx-auto h-1 w-9 rounded-full bg-line" />
          <h2 id={heading} tabIndex={-1} className="grow py-3 font-bold outline-none">
            {title}
          </h2>
          <IconButton label={t`Close`} onClick={onClose}>
            <CloseIcon />
          </IconButton>
        </header>
        <div className="grow overflow-y-auto overscroll-contain px-4 pb-4">{children}</div>
        {footer && <footer className="px-4 pt-2 pb-[max(1rem,var(--inset-bottom))]">{footer}</footer>}
        {!footer && <div className="h-[max(0.5rem,var(--inset-bottom))] shrink-0" />}
      </div>
    </dialog>
  );
}

/** Pulling the head of the sheet down closes it. */
function usePull(dialog: { current: HTMLDialogElement | null }, onClose: () => void) {
  const from = useRef<number | null>(null);
  const pulled = (event: PointerEvent): number => Math.max(0, event.clientY - (from.current ?? event.clientY));
  const set = (px: number): void => dialog.current?.style.setProperty("--pulled", `${px}px`);
  return {
    onPointerDown(event: PointerEvent) {
      if ((event.target as Element).closest("button")) return;
      from.current = event.clientY;
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => from.current !== null && set(pulled(event)),
    onPointerUp(event: PointerEvent) {
      const far = pulled(event) > LET_GO_PX;
      from.current = null;
      set(0);
      if (far) onClose();
    },
    onPointerCancel() {
      from.current = null;
      set(0);
    },
  };
}
