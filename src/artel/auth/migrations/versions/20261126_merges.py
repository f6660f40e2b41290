import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261126_merges"
down_revision = "20261126_called"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merges",
        *(
            sa.Column(name, sa.String(length=36), nullable=False)
            for name in ("id", "user_id", "into_id", "sid", "link_id")
        ),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("refusal", sa.JSON().with_variant(JSONB(), "postgresql")),
        sa.PrimaryKeyConstraint("id"),
    )
    for name in ("user_id", "into_id", "asked_at"):
        op.create_index(f"ix_merges_{name}", "merges", [name])


def downgrade() -> None:
    op.drop_table("merges")
