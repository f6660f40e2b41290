from alembic import op

revision = "20261126_unused"
down_revision = "20261126_exports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_sign_ins_refreshed_at", "sign_ins", ["refreshed_at"])


def downgrade() -> None:
    op.drop_index("ix_sign_ins_refreshed_at", "sign_ins")
