import { Ball } from "../../ui/ball";

export const Mark = () => (
  <div className="flex items-end gap-2.5" aria-hidden="true">
    <Ball className="size-16" />
    <Ball colour="yellow" className="size-11" />
    <Ball colour="red" className="size-8" />
  </div>
);
