// Money is an integer in minor units everywhere; only here it becomes text, or is read from it.

const MINUS = "\u2212";
/** ISO 4217: every other currency has two minor digits. What a browser thinks of it changes with its version, and the
 * server tells of amounts too: its list is this one. */
const WITHOUT_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ");
const OF_THREE = "BHD IQD JOD KWD LYD OMR TND".split(" ");
const formats = new Map<string, Intl.NumberFormat>();

function format(language: string, currency: string, whole: boolean, signed: boolean): Intl.NumberFormat {
  const key = `${language}|${currency}|${whole}|${signed}`;
  let made = formats.get(key);
  if (!made) {
    const digits = whole ? 0 : minorDigits(currency);
    made = new Intl.NumberFormat(language, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      signDisplay: signed ? "exceptZero" : "auto",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, made);
  }
  return made;
}

/** How many minor digits the currency has: 2 for RUB, 0 for JPY. */
export function minorDigits(currency: string): number {
  if (WITHOUT_MINOR.includes(currency)) return 0;
  return OF_THREE.includes(currency) ? 3 : 2;
}

/** «₽», «Br», «$»: what stands beside an amount. */
export function currencySymbol(currency: string, language: string): string {
  const parts = format(language, currency, true, false).formatToParts(0);
  return parts.find(({ type }) => type === "currency")?.value ?? currency;
}

/** 30000 RUB → «300 ₽»; «300,50 ₽» where there are kopecks; a real minus sign. */
export function money(minor: number, currency: string, language: string, signed = false): string {
  const unit = 10 ** minorDigits(currency);
  const text = format(language, currency, minor % unit === 0, signed).format(minor / unit);
  return text.replace("-", MINUS);
}

export const signedMoney = (minor: number, currency: string, language: string): string =>
  money(minor, currency, language, true);

/** A number of points with a real minus sign, and a plus where asked for. */
export function points(value: number, signed = false): string {
  const plus = signed && value > 0 ? "+" : "";
  return `${plus}${value < 0 ? MINUS : ""}${Math.abs(value)}`;
}

/** What somebody typed («1 500», «99,5») in minor units, or null where it is no amount. */
export function parseMoney(text: string, currency: string): number | null {
  const digits = minorDigits(currency);
  const clean = text.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
  const found = /^(\d{1,9})(?:\.(\d+))?$/.exec(clean);
  if (!found) return null;
  const [, whole = "0", part = ""] = found;
  if (part.length > digits) return null;
  return Number(whole) * 10 ** digits + Number(part.padEnd(digits, "0") || 0);
}
