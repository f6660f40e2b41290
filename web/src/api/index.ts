export * from "./generated/sdk.gen";
export { data } from "./open";
