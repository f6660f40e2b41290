"""What stats knows: people and who they are to each other, evenings, and one line a player a game.

Everything here is a function of the events with the highest versions, so their order and repeats leave no trace.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table

from artel.kernel import gone, outbox
from artel.kernel.columns import Json, UtcDateTime

metadata = MetaData()
outbox.add_tables(metadata)
gone.add_tables(metadata)

people = Table(
    "people",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("display_name", String(64), nullable=False),
    Column("version", Integer, nullable=False),  # 0: only ever met as a player
)

friendships = Table(
    "friendships",
    metadata,
    Column("low_id", String(36), primary_key=True),
    Column("high_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("friends", Boolean, nullable=False),
    Index("ix_friendships_high_id", "high_id"),
)

# What somebody has decided about it; whoever has decided nothing is in none.
privacies = Table(
    "privacies",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),  # of his profile, when he said so last
    Column("figures", String(8), nullable=False),  # known, friends, nobody
    Column("hide_money", Boolean, nullable=False),
)

# One row a direction: who blocks whom is not overwritten by what the other does.
blocks = Table(
    "blocks",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("other_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Index("ix_blocks_other_id", "other_id"),
)

groups = Table(
    "groups",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("group_id", String(36), primary_key=True),
    Column("user_id", String(36), primary_key=True),
)

# Who wants to be seen by everybody.
listings = Table(
    "listings",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("listed", Boolean, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),  # a name may change without a version
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
)

session_players = Table(
    "session_players",
    metadata,
    Column("session_id", String(36), primary_key=True),
    Column("player_id", String(64), primary_key=True),
    Column("user_id", String(36)),  # null: a guest; where there is a claim, it decides
    Column("name", String(64), nullable=False),
    Index("ix_session_players_user_id", "user_id", "session_id"),
)

claims = Table(
    "claims",
    metadata,
    Column("session_id", String(36), primary_key=True),
    Column("player_id", String(64), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("user_id", String(36)),  # null: taken back
)

endings = Table(
    "endings",
    metadata,
    Column("session_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("balances", Json, nullable=False),  # by player, with expenses and payments
)

# `key`: the session and the id of the game's `start`, which a client made and another may make again.
games = Table(
    "games",
    metadata,
    Column("key", String(101), primary_key=True),
    Column("session_id", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("number", Integer, nullable=False),
    Column("ended", Boolean, nullable=False),  # false: reopened, forgotten until it ends again
    Column("reason", String(16)),
    Column("even", Boolean, nullable=False),  # no handicap, and played to an end
    Column("rated", Boolean, nullable=False),  # even, and no guest in it
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Index("ix_games_rated", "kind", "rated", "finished_at", "key"),
)

lines = Table(
    "lines",
    metadata,
    Column("game_key", String(101), primary_key=True),
    Column("player_id", String(64), primary_key=True),
    Column("session_id", String(36), nullable=False, index=True),
    Column("user_id", String(36)),  # as in session_players
    Column("kind", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("seat", Integer, nullable=False),  # in the order of sides or circle
    Column("side", Integer, nullable=False),  # of a duel 0 or 1; in kolkhoz everybody is one
    Column("score", Integer, nullable=False),
    Column("points", String(80)),  # kolkhoz; perhaps a fraction
    Column("place", Integer),  # 1 is best; null: abandoned
    Column("standing", Integer, nullable=False),  # what ratings compare: kolkhoz the balls, a duel 1 for the winners
    Column("outcome", String(10), nullable=False),  # win, loss, draw, abandoned
    Column("money", BigInteger, nullable=False),
    Column("balls", Integer, nullable=False),
    Column("own", Integer, nullable=False),
    Column("fouls", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("best_series", Integer, nullable=False),
    Index("ix_lines_user", "user_id", "finished_at", "game_key"),
)

# Who paid whom in a game, seen from each user in it; the other may be a guest.
flows = Table(
    "flows",
    metadata,
    Column("game_key", String(101), primary_key=True),
    Column("player_id", String(64), primary_key=True),
    Column("other_player_id", String(64), primary_key=True),
    Column("user_id", String(36), nullable=False),
    Column("other_id", String(36)),
    Column("kind", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("amount", BigInteger, nullable=False),  # above 0: the user got it
    Index("ix_flows_user", "user_id", "other_id"),
)

# Ratings are in hundredths of a point.
ratings = Table(
    "ratings",
    metadata,
    Column("game_key", String(101), primary_key=True),
    Column("user_id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("ordinal", Integer, nullable=False),  # 1, 2, 3 … of his rated games of this kind
    Column("before", Integer, nullable=False),
    Column("after", Integer, nullable=False),
    Index("ix_ratings_user", "user_id", "kind", "ordinal"),
    Index("ix_ratings_order", "kind", "finished_at", "game_key"),
)

standings = Table(
    "standings",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("user_id", String(36), primary_key=True),
    Column("rating", Integer, nullable=False),
    Column("games", Integer, nullable=False),
)
