from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, UniqueConstraint

from artel.kernel import gone, outbox
from artel.kernel.database import Json, UtcDateTime

metadata = MetaData()
outbox.add_tables(metadata)
gone.add_tables(metadata)

SUBJECT = 120  # a kind, a session and an id of the clients' making: at most 14 + 1 + 36 + 1 + 64

# What was heard of a subject, in whatever order: the highest version holds, of equal ones the latest.
moments = Table(
    "moments",
    metadata,
    Column("subject", String(SUBJECT), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("live", Boolean, nullable=False),  # False: there is nothing to tell any more
)

entries = Table(
    "entries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), nullable=False),
    Column("subject", String(SUBJECT), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("data", Json, nullable=False),
    Column("read", Boolean, nullable=False),
    Column("shown", Boolean, nullable=False),  # False: taken away, or never wanted
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "subject", name="uq_entries_user_subject"),
    Index("ix_entries_subject", "subject"),
    Index("ix_entries_inbox", "user_id", "shown", "created_at", "id"),
)

# Only what somebody has chosen: every other kind is on.
preferences = Table(
    "preferences",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("enabled", Boolean, nullable=False),
)

# Who has which chat in Telegram, by the newest word of his profile.
chats = Table(
    "chats",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("language", String(35), nullable=False),
    Column("telegram_id", BigInteger),  # null: he has none
    Column("closed_at", UtcDateTime),  # when Telegram said that nobody hears there; null: it has not
)

# What is to be told outside of the app; it goes when it was told, or cannot be.
letters = Table(
    "letters",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("data", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),  # when it happened
    Column("version", Integer, nullable=False),  # the chat is the one of this profile, or of a later one
    Column("chat", BigInteger),  # null: that profile has not been heard of
    Column("besides", BigInteger),  # a chat that has a letter of its own about it
    Column("due", UtcDateTime, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
)
