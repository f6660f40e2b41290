import { useLingui } from "@lingui/react/macro";
import { Component, type ErrorInfo, type ReactNode } from "react";
import { Button } from "../ui/button";

interface Props {
  children: ReactNode;
}

/** The last resort: a page that broke says so and can be loaded again. Nothing tapped is lost by that. */
export class Boundary extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

export function Broken({ text }: { text?: string }) {
  const { t } = useLingui();
  return (
    <main className="safe mx-auto flex min-h-(--screen) max-w-md flex-col items-center justify-center gap-4 text-center">
      <h1 className="text-l font-bold">{t`Something broke here`}</h1>
      <p className="text-hint">{text ?? t`What you have tapped is safe. Load the page again.`}</p>
      <Button look="primary" onClick={() => window.location.reload()}>
        {t`Load again`}
      </Button>
    </main>
  );
}
