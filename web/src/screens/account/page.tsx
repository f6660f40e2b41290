import { type ReactNode, useEffect } from "react";
import { Screen } from "../../ui/screen";
import { Back } from "./back";

/** A screen below that of the account. Whoever listens to it hears first where he is. */
export function Page({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    const heading = document.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.classList.add("outline-none");
    heading?.focus({ preventScroll: true });
  }, []);
  return (
    <Screen title={title} back="/account">
      <Back />
      {children}
    </Screen>
  );
}

/** Why it is good to know, below what it is about. */
export const Hint = ({ children }: { children: ReactNode }) => <p className="px-4 text-s text-hint">{children}</p>;
