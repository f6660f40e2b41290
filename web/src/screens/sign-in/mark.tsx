import { Ball } from "../../ui/ball";

export const Mark = () => (
  <div className="flex items-end gap-2" aria-hidden="true">
    <Ball className="size-14" />
    <Ball colour="yellow" className="size-10" />
    <Ball colour="red" className="size-7" />
  </div>
);
