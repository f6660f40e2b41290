import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import type { GameKind } from "../engine/types";

export const GAMES: Record<GameKind, MessageDescriptor> = {
  americana: msg`Americana`,
  moscow: msg`Moscow`,
  dynamic: msg`Nevskaya`,
  kolkhoz: msg`Kolkhoz`,
};

const BALLS: Record<string, MessageDescriptor> = {
  white: msg`white`,
  yellow: msg`yellow`,
  red: msg`red`,
  green: msg`green`,
  blue: msg`blue`,
  pink: msg`pink`,
  brown: msg`brown`,
  black: msg`black`,
};

export function useBallName(): (kind: string) => string {
  const { i18n } = useLingui();
  return (kind) => (BALLS[kind] ? i18n._(BALLS[kind]) : kind);
}
