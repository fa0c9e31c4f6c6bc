"""The line of news on everybody's menu. Codes CSS187 to CSS189."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, NotFound, Refusals, Refused
from css.master.operator_changes import require_supervisor
from css.master.operator_commands import EndNews, NewsPosted, PostNews
from css.master.operators import NewsItem

NEWS_LENGTH_MAX: Final = 160
NEWS_SHOWN: Final = 5
NEWS_LISTED: Final = 100


@answered
def post_news(session: Session, command: PostNews, *, by: Actor, at: datetime) -> NewsPosted:
    """Put a line on everybody's menu, from one instant to another, as a supervisor.

    Raises:
        Refused: CSS111E the actor may not, CSS188E it would end before it is seen.
        BadMessage: CSS187E nothing said, or too much for a line.
    """
    require_supervisor(by)
    wrong = Refusals()
    words = " ".join(command.words.split())
    starts_at = command.starts_at or at
    if not words or len(words) > NEWS_LENGTH_MAX:
        sentence = "News is one line of at most {most} letters."
        wrong.add(BadMessage("CSS187E", sentence, most=NEWS_LENGTH_MAX, element="words"))
    if command.ends_at <= max(starts_at, at):
        wrong.add(Refused("CSS188E", "That is over before anybody has seen it; give a later end.", element="ends_at"))
    wrong.tell()
    item = NewsItem(words=words, starts_at=starts_at, ends_at=command.ends_at, posted_by=by.name)
    session.add(item)
    session.flush()
    answer = NewsPosted(news_id=item.id, words=words, starts_at=starts_at, ends_at=command.ends_at)
    record(session, by=by, at=at, verb="post_news", subject=("news", str(item.id)), after=to_plain(answer))
    session.flush()
    return answer


@answered
def end_news(session: Session, command: EndNews, *, by: Actor, at: datetime) -> NewsPosted:
    """Take a line off the menu now, as a supervisor.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS189E no such line that is still to be seen.
    """
    require_supervisor(by)
    item = session.execute(select(NewsItem).where(NewsItem.id == command.news_id).with_for_update()).scalar_one_or_none()
    if item is None or item.ends_at <= at:
        raise NotFound("CSS189E", "There is no news {news_id} to take away.", news_id=command.news_id, element="news_id")
    before = item.ends_at
    # One that was still to come is never seen; it keeps a beginning before its end.
    item.starts_at, item.ends_at = min(item.starts_at, at), at
    session.flush()
    ends = {"ends_at": to_plain(before)}, {"ends_at": to_plain(at)}
    record(session, by=by, at=at, verb="end_news", subject=("news", str(item.id)), before=ends[0], after=ends[1])
    session.flush()
    return NewsPosted(news_id=item.id, words=item.words, starts_at=item.starts_at, ends_at=item.ends_at)


@dataclass(frozen=True, slots=True)
class NewsRow:
    """A line of news."""

    news_id: int
    words: str
    starts_at: datetime
    ends_at: datetime
    """Exclusive."""
    posted_by: str


def news_now(session: Session, *, at: datetime, limit: int = NEWS_SHOWN) -> tuple[NewsRow, ...]:
    """The lines to show at an instant, the latest first. Uses ix_news_item_ends_at."""
    return _rows(session, at, limit)


def news(session: Session, *, limit: int = NEWS_LISTED) -> tuple[NewsRow, ...]:
    """Every line there was and will be, the latest first."""
    return _rows(session, None, limit)


def _rows(session: Session, at: datetime | None, limit: int) -> tuple[NewsRow, ...]:
    columns = (NewsItem.id.label("news_id"), NewsItem.words, NewsItem.starts_at, NewsItem.ends_at, NewsItem.posted_by)
    statement = select(*columns).order_by(NewsItem.starts_at.desc(), NewsItem.id.desc()).limit(min(limit, NEWS_LISTED))
    if at is not None:
        statement = statement.where(NewsItem.starts_at <= at, NewsItem.ends_at > at)
    return tuple(NewsRow(**row._mapping) for row in session.execute(statement))  # noqa: SLF001 - SQLAlchemy's public name for it
