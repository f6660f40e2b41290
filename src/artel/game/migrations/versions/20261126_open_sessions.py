import sqlalchemy as sa
from alembic import op

revision = "20261126_open_sessions"
down_revision = "20261122_initial"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_index("ix_sessions_open", "sessions", ["state"], postgresql_where=OPEN, sqlite_where=OPEN)


def downgrade() -> None:
    op.drop_index("ix_sessions_open", "sessions")
