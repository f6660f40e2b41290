import sqlalchemy as sa
from alembic import op

revision = "20261126_privacies"
down_revision = "20261126_gone"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "privacies",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("figures", sa.String(length=8), nullable=False),
        sa.Column("hide_money", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )


def downgrade() -> None:
    op.drop_table("privacies")
