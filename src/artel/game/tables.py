from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from artel.kernel import gone, idempotency, outbox
from artel.kernel.database import Json, UtcDateTime

metadata = MetaData()
outbox.add_tables(metadata)
gone.add_tables(metadata)
idempotency.add_tables(metadata)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("created_by", String(36), nullable=False),
    Column("digest", String(64), nullable=False),  # of the request that made it, so that it may be repeated
    Column("name", String(200)),
    Column("rules", Json, nullable=False),  # every key written out: a later default changes no old evening
    Column("template_id", String(64)),
    Column("template_version", Integer),
    Column("organizer_id", String(36), nullable=False),
    Column("scorers", Json, nullable=False),  # "everyone", "organizer" or a list of user ids
    Column("state", String(8), nullable=False),  # written with the event that changes it
    Column("code", String(6), unique=True),
    Column("code_until", UtcDateTime, nullable=False),  # alive at least that long; later events keep it alive longer
    Column("seed", LargeBinary, nullable=False),  # of the drawn orders; leaves this table never
    Column("share_hash", String(64), unique=True),
    Column("share_money", Boolean, nullable=False),
    Column("stamp", Integer, nullable=False),  # counts the changes of everything but the log
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),  # of everything but the log
)
# They are counted every few seconds, and most of all there are have long been finished.
open_sessions = Index(
    "ix_sessions_open",
    sessions.c.state,
    postgresql_where=sessions.c.state == "open",
    sqlite_where=sessions.c.state == "open",
)

players = Table(
    "players",
    metadata,
    Column("session_id", String(36), ForeignKey("sessions.id"), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("user_id", String(36), index=True),
    Column("name", String(200), nullable=False),
    Column("guest_name", String(200)),  # what a claimed guest was called before
    Column("initial", Boolean, nullable=False),  # in from the start, without a join
    Column("wish", String(5)),  # join or leave: waits until no game runs ...
    Column("wish_version", Integer, nullable=False),  # ... and is done when the log has one after this version
    Column("wish_by", String(36)),
    Column("followed", Boolean),  # its user became another or nobody: what others know of it is told as of a guest
    UniqueConstraint("session_id", "user_id"),
)

members = Table(
    "members",
    metadata,
    Column("session_id", String(36), ForeignKey("sessions.id"), primary_key=True),
    Column("user_id", String(36), primary_key=True, index=True),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
)

claims = Table(
    "claims",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("session_id", String(36), ForeignKey("sessions.id"), nullable=False, index=True),
    Column("player_id", String(36), nullable=False),
    Column("user_id", String(36), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("state", String(9), nullable=False),  # pending, accepted, declined, withdrawn, unclaimed
    Column("created_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
)

# The truth. Only ever appended to; the key is the fence between processes that write to one session.
events = Table(
    "events",
    metadata,
    Column("session_id", String(36), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("id", String(64), nullable=False),
    Column("body", Text, nullable=False),  # as the log gives it: the event with version, game, by, at, client_at
    Column("announce", Text),  # the public events that it made true: the log is the outbox of play
    # The transaction that wrote it (SQLite: a counter of its own): what the relay reads in order of, without gaps.
    Column("xid", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
announced = Index(
    "ix_events_announced",
    events.c.xid,
    events.c.session_id,
    events.c.version,
    postgresql_where=events.c.announce.is_not(None),
    sqlite_where=events.c.announce.is_not(None),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("xid", BigInteger, nullable=False),
    Column("session_id", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("holder", String(36)),  # the process that publishes, until then
    Column("held_until", UtcDateTime),
)

# One row. It changes only when history was lost: after a backup was restored.
epochs = Table(
    "epochs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(36), nullable=False),
)

# A cache of what the list of sessions shows; it may be dropped at any time.
summaries = Table(
    "summaries",
    metadata,
    Column("session_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("stamp", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("version", Integer, nullable=False),
)

# Whose sessions still name him.
leavers = Table("leavers", metadata, Column("user_id", String(36), primary_key=True))

# Accounts that are about to become one: nobody sits in one session as both. A user is here for the account that he is
# or became before.
merging = Table(
    "merging",
    metadata,
    Column("merge_id", String(36), primary_key=True),
    Column("user_id", String(36), primary_key=True, index=True),
    Column("account_id", String(36), nullable=False, index=True),
    Column("keeps", Boolean, nullable=False),  # the account that stays
)

# Each flag has the version that set it: events come in any order, and one flag's does not speak for another.
ties = Table(
    "ties",
    metadata,
    Column("low_id", String(36), primary_key=True),
    Column("high_id", String(36), primary_key=True, index=True),
    Column("friends", Boolean, nullable=False),
    Column("friends_version", Integer, nullable=False),
    Column("low_blocks", Boolean, nullable=False),
    Column("low_blocks_version", Integer, nullable=False),
    Column("high_blocks", Boolean, nullable=False),
    Column("high_blocks_version", Integer, nullable=False),
)
