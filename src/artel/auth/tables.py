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
    false,
    func,
)

from artel.kernel import idempotency, outbox
from artel.kernel.database import Json, UtcDateTime

metadata = MetaData()
outbox.add_tables(metadata)
idempotency.add_tables(metadata)

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("display_name", String(64), nullable=False),
    Column("search_name", String(64), nullable=False, index=True),  # casefolded
    Column("username", String(64), index=True),  # as Telegram gave it
    Column("avatar_url", String(500)),
    Column("language", String(35), nullable=False),
    Column("role", String(16), nullable=False),
    Column("epoch", Integer, nullable=False),  # how often he signed out everywhere; each token says it
    Column("version", Integer, nullable=False),  # of the profile, as published
    Column("created_at", UtcDateTime, nullable=False),
    Column("blocked_at", UtcDateTime),  # null: he is not
    Column("deletes_at", UtcDateTime),  # he has asked for it
    Column("deleted_at", UtcDateTime),  # and it is done: the row says nothing of him any more
    Column("merged_into", String(36), index=True),  # who he is now
    # Whom he lets find him by name (everybody, nobody), who sees his figures (known, friends, nobody), and his money.
    Column("found_by", String(9), nullable=False, server_default="everybody"),
    Column("figures", String(8), nullable=False, server_default="known"),
    Column("hide_money", Boolean, nullable=False, server_default=false()),
)
Index("ix_users_called", func.lower(users.c.username))
LEAVING = users.c.deletes_at.is_not(None)
Index("ix_users_leaving", users.c.deletes_at, postgresql_where=LEAVING, sqlite_where=LEAVING)

identities = Table(
    "identities",
    metadata,
    Column("provider", String(16), primary_key=True),  # telegram, google, dev
    Column("subject", String(255), primary_key=True),
    Column("label", String(100), nullable=False, server_default=""),  # by which its owner knows it
    Column("user_id", String(36), ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
)

# One row a sign-in on a device: a family of refresh tokens, of which only the newest generation is good.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id"), nullable=False, index=True),
    Column("provider", String(16), nullable=False),
    Column("user_agent", String(200), nullable=False),
    Column("device", String(64)),  # sha256 of the device's secret; null: none was given
    Column("generation", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("refreshed_at", UtcDateTime, nullable=False, index=True),
    Column("revoked_at", UtcDateTime),
)
ENDED = sign_ins.c.revoked_at.is_not(None)
Index("ix_sign_ins_ended", sign_ins.c.revoked_at, postgresql_where=ENDED, sqlite_where=ENDED)

# Telegram's init data is a bearer secret for an hour: the first device that brings it keeps it.
init_data_uses = Table(
    "init_data_uses",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("device", String(64)),  # sha256 of the device's secret; null: none was given, so no repeat is good
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

# Who ever sat where, as game tells it: whoever sat together can never be the same.
seats = Table(
    "seats",
    metadata,
    Column("session_id", String(36), primary_key=True),
    Column("user_id", String(36), primary_key=True, index=True),
)

# Two accounts are to become one, once game has said that they never sat together.
merges = Table(
    "merges",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), nullable=False, index=True),
    Column("into_id", String(36), nullable=False, index=True),
    Column("sid", String(36), nullable=False),  # the sign-in that wants it
    Column("link_id", String(36), nullable=False),  # by which it was proven
    Column("address", String(45), nullable=False),
    Column("user_agent", String(200), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False, index=True),
    Column("state", String(9), nullable=False),  # asked, done, refused, given_up
    Column("refusal", Json),  # status, code and detail
)

# What happened around signing in, for whoever has to find out: only ever added to.
audit = Table(
    "audit",
    metadata,
    Column("id", String(36), primary_key=True),  # in order of time
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("code", String(32), nullable=False),  # by which provider, or why it was refused
    Column("user_id", String(36), index=True),  # whom it concerns; null: nobody knows
    Column("by_id", String(36)),  # the admin who did it; of a merge whom he became
    Column("address", String(45), nullable=False),
    Column("user_agent", String(200), nullable=False),
)

# Somebody wants all that is kept about him; each service tells its part in pages.
exports = Table(
    "exports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("ready_at", UtcDateTime),  # null: parts are missing
    Index("ix_exports_user", "user_id", "created_at"),
)

export_pages = Table(
    "export_pages",
    metadata,
    Column("export_id", String(36), ForeignKey("exports.id"), primary_key=True),
    Column("service", String(16), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("last", Boolean, nullable=False),
    Column("pieces", LargeBinary, nullable=False),  # compressed
)
