"""Fair circles: over one block everybody follows everybody else equally often.

For 5 and for 7 and more players the block has one circle fewer than players, and everybody follows everybody exactly
once (a decomposition of the complete digraph into Hamiltonian cycles, found by search). For 4 and for 6 there is no
such block; all six circles of 4 and these ten of 6 have everybody follow everybody twice.
"""

from collections.abc import Sequence
from typing import Final

Order = tuple[str, ...]

_TABLES: Final = """
AB
ABC ACB
ABCD ABDC ADBC ADCB ACDB ACBD
ABCDE ADBEC ACEBD AEDCB
ABCDEF AFCDEB ABFEDC ACEDBF AEBDFC ADCFBE ACBEFD AECFBD ADFECB AFDBCE
AFDGBEC AEDCBGF AGCEFBD ACGDFEB ABFCDEG ADBCFGE
AFEHBDCG ADBECHGF AGHDEFCB ABCDHFGE ACEGDFBH AHEBGCFD AEDGBFHC
AEIBHDFCG ACEHIGBFD AHCFEDBGI AFGHEBDIC AGFBECIDH AIFHBCDGE ABIEGDCHF ADEFIHGCB
AGDHBJIFCE ADBHFIEGJC AJBCGHEIDF ACHJEBIGFD AIHCFGBDEJ AFHIBECDJG ABFEDGCIJH AEHDCJFBGI AHGEFJDICB
ADGKCHJIEBF AFIGDHKJCBE AHBDEKIJFCG ACKHIFGEDBJ AEHCFDKGJBI AKFBGIHDJEC AIBHEGCDFJK ABCJHGFKEID AJGBKDICEFH
AGHFEJDCIKB
AKDJCHLGBEFI AFGIJKHEBDCL ABKGJLHCDEIF AICJELKFHBGD AHGLJBFEDIKC ALCGFKJIEHDB AEJDGKLFBCIH ACBHJFDLIGEK
AGHIDKECFLBJ AJHKIBLDFCEG ADHFJGCKBILE
"""


def block(seats: Sequence[str]) -> list[Order]:
    """The fair circles of 2 to 12 players."""
    rows = (row for row in _TABLES.split() if len(row) == len(seats))
    return [tuple(seats[ord(letter) - ord("A")] for letter in row) for row in rows]


def turned(order: Order, first: str) -> Order:
    """The same circle, seen from somebody else."""
    at = order.index(first)
    return order[at:] + order[:at]


def circle(order: Order) -> Order:
    """The same for every order that has everybody follow the same one."""
    return turned(order, min(order))
