import type { ReactNode } from "react";
import { Mark } from "./mark";

interface PageProps {
  title: string;
  /** What the page is about. */
  heading: ReactNode;
  children: ReactNode;
}

/** What it is about above, what can be done under the thumb; on a large screen one after the other. */
export function Page({ title, heading, children }: PageProps) {
  return (
    <main className="safe mx-auto flex min-h-(--screen) max-w-md flex-col gap-8 sm:justify-center">
      <title>{title}</title>
      <div className="flex grow flex-col justify-center gap-3 pt-6 sm:grow-0">
        <Mark />
        <div className="mt-3 flex flex-col gap-3">{heading}</div>
      </div>
      <div className="pb-2">{children}</div>
    </main>
  );
}
