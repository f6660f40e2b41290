import sqlalchemy as sa
from alembic import op

revision = "20261126_merging"
down_revision = "20261126_gone"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merging",
        sa.Column("merge_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("keeps", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", "user_id"),
    )
    op.create_index("ix_merging_user_id", "merging", ["user_id"])
    op.create_index("ix_merging_account_id", "merging", ["account_id"])
    op.create_index("ix_claims_user_id", "claims", ["user_id"])


def downgrade() -> None:
    op.drop_index("ix_claims_user_id", "claims")
    op.drop_table("merging")
