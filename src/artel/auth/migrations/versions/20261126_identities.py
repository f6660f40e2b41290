import sqlalchemy as sa
from alembic import op

revision = "20261126_identities"
down_revision = "20261126_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identities", sa.Column("label", sa.String(length=100), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("identities", "label")
