"""How much of anything; beyond is refused with 422. The engine itself takes any integer."""

from datetime import timedelta

MONEY = 10**9  # minor units; those of rules are the engine's caps
TEXT = 200
PLAYERS = 50
EVENTS_A_SESSION = 20_000
EVENTS_A_BATCH = 100
UNDOS_A_BATCH = 10
MISSED = 500  # frames that a socket may catch up with; further behind it starts from a snapshot
CODE_TRIES = 10  # a minute
TICKET_SECONDS = 30
CODE_LIVES = timedelta(hours=12)
