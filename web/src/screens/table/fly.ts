import { isSlowPhone } from "../../telegram";

const FLIGHT_MS = 220;

const still = (): boolean => isSlowPhone() || window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The potted ball leaves the rack for the score of whoever potted it. Only to be seen: nothing waits for it. */
export function flyBall(colour: string, tile: Element | null | undefined): void {
  const from = document.querySelector(`.rack [data-colour="${colour}"]:not([data-gone])`);
  const to = tile?.querySelector(".figure");
  if (!from || !to || still()) return;
  const [start, end] = [from.getBoundingClientRect(), to.getBoundingClientRect()];
  const ball = from.cloneNode(true) as HTMLElement;
  Object.assign(ball.style, {
    position: "fixed",
    left: `${start.left}px`,
    top: `${start.top}px`,
    width: `${start.width}px`,
    height: `${start.height}px`,
    zIndex: "10",
    pointerEvents: "none",
  });
  document.body.append(ball);
  const [x, y] = [end.left + end.width / 2 - start.left, end.top + end.height / 2 - start.top];
  const flight = ball.animate(
    [{ transform: "none" }, { transform: `translate(${x}px, ${y}px) scale(1.6)`, opacity: 0.2 }],
    { duration: FLIGHT_MS, easing: "cubic-bezier(0.3, 0, 0.3, 1)" },
  );
  flight.onfinish = flight.oncancel = () => ball.remove();
}
