import sqlalchemy as sa
from alembic import op

revision = "20261126_gone"
down_revision = "20261122_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gone",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("into_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_index("ix_gone_into_id", "gone", ["into_id"])


def downgrade() -> None:
    op.drop_table("gone")
