from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table

from artel.kernel import gone, idempotency, outbox
from artel.kernel.columns import Json, UtcDateTime

metadata = MetaData()
outbox.add_tables(metadata)
gone.add_tables(metadata)
idempotency.add_tables(metadata)

templates = Table(
    "templates",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), nullable=False),
    Column("version", Integer, nullable=False),  # the newest
    Column("name", String(200), nullable=False),
    Column("rules", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_templates_owner", "owner_id", "created_at"),
)

# Every version that ever was: a finished evening keeps the one it was played by.
versions = Table(
    "versions",
    metadata,
    Column("template_id", String(36), ForeignKey("templates.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("rules", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

favourites = Table(
    "favourites",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("template_id", String(36), primary_key=True),
)

# A link by which others may read and copy a template; only a hash of its secret is kept.
shares = Table(
    "shares",
    metadata,
    Column("template_id", String(36), ForeignKey("templates.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)
