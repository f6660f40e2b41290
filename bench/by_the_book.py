"""The same tap as FastAPI's and SQLAlchemy's own guides would have it, to compare with: dependencies, models, the ORM.

What it does is what any such service must: the caller from a token, the session with its lock, an id that comes twice,
the next number, the event, an outbox row, a commit. It knows no rules of the game, and answers with the event alone.
"""

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, ForeignKey, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

KEY = ECKey.generate_key("P-256")
POOL = 16


class Base(DeclarativeBase):
    pass


class Session(Base):
    __tablename__ = "book_sessions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organizer: Mapped[str]
    version: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime | None] = mapped_column(default=None)


class Event(Base):
    __tablename__ = "book_events"
    __table_args__ = (UniqueConstraint("session_id", "event_id"),)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("book_sessions.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    by: Mapped[str]


class Outbox(Base):
    __tablename__ = "book_outbox"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    topic: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


class EventIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    type: str
    game: str | None = None
    player: str | None = None


class EventOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    version: int
    event_id: str
    body: dict[str, Any]


engine = create_async_engine(sys.argv[1], pool_size=POOL, max_overflow=POOL)
opened = async_sessionmaker(engine, autoflush=False, expire_on_commit=False)
app = FastAPI()


async def transaction() -> AsyncIterator[AsyncSession]:
    async with opened() as session:
        yield session


async def caller(authorization: Annotated[str, Header()]) -> str:
    try:
        return str(jwt.decode(authorization.removeprefix("Bearer "), KEY, algorithms=["ES256"]).claims["sub"])
    except ValueError as error:
        raise HTTPException(401) from error


@app.post("/api/v1/sessions/{session_id}/events", status_code=201, response_model=EventOut)
async def post(
    session_id: UUID,
    given: EventIn,
    user: Annotated[str, Depends(caller)],
    tx: Annotated[AsyncSession, Depends(transaction)],
) -> Event:
    session = await tx.scalar(select(Session).where(Session.id == session_id).with_for_update())
    if session is None or session.organizer != user:
        raise HTTPException(404)
    session.version += 1
    session.updated_at = datetime.now(UTC).replace(tzinfo=None)
    event = Event(
        session_id=session_id, version=session.version, event_id=given.id, by=user,
        body=given.model_dump(exclude_none=True),
    )  # fmt: skip
    tx.add_all([event, Outbox(topic="session.event", body={"session": str(session_id), "version": session.version})])
    try:
        await tx.commit()
    except IntegrityError:  # it has come before
        await tx.rollback()
        known = select(Event).where(Event.session_id == session_id, Event.event_id == given.id)
        event = (await tx.scalars(known)).one()
    return event


@app.post("/api/v1/sessions/{session_id}", status_code=201)
async def create(session_id: UUID, tx: Annotated[AsyncSession, Depends(transaction)]) -> str:
    """The token of its organizer."""
    tx.add(Session(id=session_id, organizer="anya"))
    await tx.commit()
    return jwt.encode({"alg": "ES256"}, {"sub": "anya"}, KEY)


@app.get("/")
async def ready() -> str:
    """It answers when its tables are there."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return "ok"


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[2]), loop="uvloop", http="httptools", access_log=False, log_level="warning",
        proxy_headers=False,
    )  # fmt: skip
