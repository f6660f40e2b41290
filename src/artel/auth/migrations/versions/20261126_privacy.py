import sqlalchemy as sa
from alembic import op

revision = "20261126_privacy"
down_revision = "20261126_leaving"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("found_by", sa.String(length=9), nullable=False, server_default="everybody"))
    op.add_column("users", sa.Column("figures", sa.String(length=8), nullable=False, server_default="known"))
    op.add_column("users", sa.Column("hide_money", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for name in ("hide_money", "figures", "found_by"):
        op.drop_column("users", name)
