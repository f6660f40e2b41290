/// <reference types="vite/client" />

declare const __MOCK__: boolean;

declare module "*.po" {
  import type { Messages } from "@lingui/core";
  export const messages: Messages;
}
