import { type ReactNode, useId } from "react";

/** A section of this screen. Its fields have small names, so it has a larger one. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="flex flex-col gap-3 not-first:border-t not-first:border-line not-first:pt-6"
    >
      <h2 id={id} className="text-m font-bold">
        {title}
      </h2>
      {children}
    </section>
  );
}
