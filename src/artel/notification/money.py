"""Money as people read it: 30000 RUB is «300 ₽», 1250050 RUB «12 500,50 ₽», −500 EUR «−5 EUR»."""

from typing import Final

MINUS: Final = "\u2212"
SPACE: Final = "\u00a0"

# ISO 4217: every other currency has two minor digits.
WITHOUT_MINOR: Final = [
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
]
MINOR_DIGITS: Final = {
    **dict.fromkeys(WITHOUT_MINOR, 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


def signed(minor: int, currency: str, lang: str) -> str:
    """With a plus where it is a gain."""
    return ("+" if minor > 0 else "") + unsigned(minor, currency, lang)


def unsigned(minor: int, currency: str, lang: str) -> str:
    """Whole where there are no minor units; they never break apart in a line."""
    digits = MINOR_DIGITS.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    text = f"{whole:,}".replace(",", SPACE)
    if part:
        text += ("," if lang == "ru" else ".") + f"{part:0{digits}}"
    return f"{MINUS if minor < 0 else ''}{text}{SPACE}{'₽' if currency == 'RUB' else currency}"
