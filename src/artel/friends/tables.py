from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table

from artel.kernel import gone, idempotency, outbox
from artel.kernel.database import UtcDateTime

metadata = MetaData()
outbox.add_tables(metadata)
gone.add_tables(metadata)
idempotency.add_tables(metadata)

people = Table(
    "people",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("display_name", String(64), nullable=False),
    Column("username", String(64)),
    Column("avatar_url", String(500)),
    Column("version", Integer, nullable=False),
)

# One row for two who ever had to do with each other, by which changes between them queue up and are counted.
pairs = Table(
    "pairs",
    metadata,
    Column("low_id", String(36), primary_key=True),
    Column("high_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("asker_id", String(36), nullable=False),
    Column("other_id", String(36), nullable=False),
    Column("state", String(10), nullable=False),  # pending, accepted, declined, withdrawn
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_requests_asker", "asker_id", "state", "created_at"),
    Index("ix_requests_other", "other_id", "state", "created_at"),
)

# Two rows a friendship, one from each side.
friendships = Table(
    "friendships",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("other_id", String(36), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Index("ix_friendships_since", "user_id", "since"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("other_id", String(36), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Index("ix_blocks_since", "user_id", "since"),
)

groups = Table(
    "groups",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("group_id", String(36), ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", String(36), primary_key=True, index=True),
)
