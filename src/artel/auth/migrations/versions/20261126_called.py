"""A name of Telegram is looked for whenever one changes, whatever its case."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_called"
down_revision = "20261126_unused"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_users_called", "users", [sa.text("lower(username)")])


def downgrade() -> None:
    op.drop_index("ix_users_called", "users")
