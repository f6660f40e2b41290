import sqlalchemy as sa
from alembic import op

revision = "20261126_leaving"
down_revision = "20261126_identities"
branch_labels = None
depends_on = None

LEAVING = sa.text("deletes_at IS NOT NULL")


def upgrade() -> None:
    for name in ("deletes_at", "deleted_at"):
        op.add_column("users", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("users", sa.Column("merged_into", sa.String(length=36)))
    op.create_index("ix_users_merged_into", "users", ["merged_into"])
    op.create_index("ix_users_leaving", "users", ["deletes_at"], postgresql_where=LEAVING, sqlite_where=LEAVING)
    op.create_table(
        "seats",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "user_id"),
    )
    op.create_index("ix_seats_user_id", "seats", ["user_id"])


def downgrade() -> None:
    op.drop_table("seats")
    op.drop_index("ix_users_leaving", "users")
    op.drop_index("ix_users_merged_into", "users")
    for name in ("merged_into", "deleted_at", "deletes_at"):
        op.drop_column("users", name)
