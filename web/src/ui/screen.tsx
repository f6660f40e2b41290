import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { inTelegram, useBackButton } from "../telegram";
import { Button, IconButton } from "./button";
import { BackIcon } from "./icons";

/** Back to where one came from; a page opened by a link goes to `home` instead of out of the app. */
export function useGoBack(home = "/"): () => void {
  const navigate = useNavigate();
  return () => {
    const { idx = 0 } = (window.history.state ?? {}) as { idx?: number };
    if (idx > 0) navigate(-1);
    else navigate(home, { replace: true });
  };
}

interface ScreenProps {
  title: string;
  /** Root screens have none. Where to, for whom a link has brought here. */
  back?: boolean | string;
  aside?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
}

export function Screen({ title, back = false, aside, children, footer }: ScreenProps) {
  const { t } = useLingui();
  const goBack = useGoBack(typeof back === "string" ? back : "/");
  useBackButton(back ? goBack : null);
  return (
    <div data-footed={footer ? true : undefined} className="safe mx-auto flex min-h-(--screen) max-w-2xl flex-col">
      <title>{title}</title>
      <header className="flex min-h-14 items-center gap-1">
        {back && !inTelegram() && (
          <IconButton label={t`Back`} onClick={goBack} className="-ms-3 text-accent">
            <BackIcon />
          </IconButton>
        )}
        <h1 className="line-clamp-2 min-w-0 grow text-l font-bold wrap-anywhere" dir="auto">
          {title}
        </h1>
        {aside}
      </header>
      <main className="flex grow flex-col gap-6 pt-2 pb-6">{children}</main>
      {footer && (
        <div className="sticky bottom-0 -mx-4 bg-page px-4 pt-3 pb-[max(1rem,var(--inset-bottom))]">{footer}</div>
      )}
    </div>
  );
}

export function Section({ title, aside, children }: { title?: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-2">
      {title && (
        <div className="flex items-baseline justify-between gap-2 px-1">
          <h2 className="text-s text-hint">{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="rounded-tile bg-card px-4 py-6 text-center text-hint">{children}</p>;
}

/** No answer, and a way to ask again. */
export function Failed({ onAgain }: { onAgain: () => void }) {
  const { t } = useLingui();
  return (
    <div role="alert" className="flex flex-col items-start gap-3 rounded-tile bg-card p-4">
      <p>{t`The server does not answer.`}</p>
      <Button className="bg-well" onClick={onAgain}>
        {t`Try again`}
      </Button>
    </div>
  );
}

export function Skeleton({ rows = 3 }: { rows?: number }) {
  const { t } = useLingui();
  return (
    <div role="status" aria-label={t`Loading`} className="flex flex-col gap-2">
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={i} className="skeleton h-18 rounded-tile" />
      ))}
    </div>
  );
}
