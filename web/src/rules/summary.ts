import { plural } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import type { DuelRules, KolkhozRules, Rules } from "../engine/types";
import { money } from "../lib/money";

/** The rules in words, a line each: what everybody at the table agrees to. */
export function useRulesSummary(): (rules: Rules) => string[] {
  const { t, i18n } = useLingui();

  function duel(rules: DuelRules): string[] {
    const { target } = rules;
    const cash = (minor: number): string => money(minor, rules.currency, i18n.locale);
    const foul = {
      opponent_gains: t`foul: a ball to the opponent`,
      offender_returns: t`foul: a ball back from the shelf`,
      offender_loses: t`foul: a point off`,
      none: t`foul: only the turn passes`,
    }[rules.foul];
    const lines = [plural(target, { one: "to # ball", other: "to # balls" }), foul];
    if (rules.debt && rules.foul.startsWith("offender")) lines.push(t`the score can go below zero`);
    if (rules.fluke === "spotted") lines.push(t`flukes do not count`);
    if (rules.format === "2x2") lines.push(t`two against two`);
    if (rules.match.type === "race") {
      lines.push(plural(rules.match.wins, { one: "match to # win", other: "match to # wins" }));
    }
    if (rules.match.type === "fixed") {
      lines.push(plural(rules.match.games, { one: "match of # game", other: "match of # games" }));
    }
    if (rules.stake.per === "game") lines.push(t`${cash(rules.stake.amount)} a game`);
    if (rules.stake.per === "ball") lines.push(t`${cash(rules.stake.amount)} a ball of difference`);
    return lines;
  }

  function kolkhoz(rules: KolkhozRules): string[] {
    const cash = (minor: number): string => money(minor, rules.currency, i18n.locale);
    const { value } = rules.foul;
    const system = {
      direct: t`direct: the previous one pays`,
      reverse: t`reverse: the next one pays`,
      everyone: t`everyone pays everyone`,
      norm: t`settled against the average`,
    }[rules.system];
    const foul = {
      minus: plural(value, { one: "foul: minus # point", other: "foul: minus # points" }),
      next: t`foul: a ball to the next one`,
      pay_all: plural(value, { one: "foul: # point to everyone", other: "foul: # points to everyone" }),
      pending: t`foul: hangs until somebody pots`,
      none: t`fouls cost nothing`,
    }[rules.foul.mode];
    const lines = [system, balls(rules), foul];
    if (rules.last_ball === "double") lines.push(t`the last ball counts double`);
    if (typeof rules.last_ball === "object") lines.push(t`the last ball counts ${rules.last_ball.add} more`);
    if (rules.legs === 2) lines.push(t`every second game in reverse order`);
    if (rules.price > 0) lines.push(t`${cash(rules.price)} a point`);
    return lines;
  }

  function balls(rules: KolkhozRules): string {
    const count = rules.balls.reduce((sum, kind) => sum + kind.count, 0);
    return plural(count, { one: "# ball", other: "# balls" });
  }

  return (rules) => (rules.game === "kolkhoz" ? kolkhoz(rules) : duel(rules));
}
