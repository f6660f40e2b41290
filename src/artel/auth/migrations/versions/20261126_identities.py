import sqlalchemy as sa
from alembic import op

revision = "20261126_identities"
down_revision = "20261126_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identities", sa.Column("label", sa.String(length=100), nullable=False, server_default=""))
    op.add_column("sign_ins", sa.Column("device", sa.String(length=64)))


def downgrade() -> None:
    op.drop_column("sign_ins", "device")
    op.drop_column("identities", "label")
