import { useEffect, useState } from "react";

/** A blink of the connection is nobody's business. */
const BLINK_MS = 700;

/** True once `wanted` has been true for longer than a blink. */
export function useLasting(wanted: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!wanted) {
      setLasting(false);
      return;
    }
    const timer = setTimeout(() => setLasting(true), BLINK_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  return wanted && lasting;
}
