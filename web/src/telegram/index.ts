export {
  close,
  guardClosing,
  isSlowPhone,
  onReturn,
  openOutside,
  ready,
  startParam,
  startTelegram,
  useSteadyScreen,
} from "./app";
export { useBackButton } from "./back";
export { inTelegram, launched } from "./bridge";
export * as haptics from "./haptics";
export { copy, type Shared, shareLink } from "./share";
export { readLocal, readSecret, writeLocal, writeSecret } from "./storage";
