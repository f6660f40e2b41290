import sqlalchemy as sa
from alembic import op

revision = "20261126_ended"
down_revision = "20261122_initial"
branch_labels = None
depends_on = None

ENDED = sa.text("revoked_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_sign_ins_ended", "sign_ins", ["revoked_at"], postgresql_where=ENDED, sqlite_where=ENDED)


def downgrade() -> None:
    op.drop_index("ix_sign_ins_ended", "sign_ins")
