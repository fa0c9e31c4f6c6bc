"""A tariff version's life: loaded by one person, released by another, or withdrawn. It is added whole and never edited.

Only a release changes another version: it ends the one that would run into it and sets aside those it replaces. The rows
of prices stay what they were, so a call can always be explained by the price it was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.actions.tariff_rows import add_rates, keep_tariffs, version_row
from billing.model import Tariff, TariffVersion
from billing.queries.tariffs import TariffStanding, standing_of, tariff_book, tariff_version, tariff_versions, versions_of
from billing.rules.permission import require_may
from billing.rules.tariff import TariffBook
from billing.rules.tariff import TariffVersion as Version
from billing.rules.tariff_check import tariff_faults
from billing.rules.tariff_compare import content
from billing.rules.tariff_release import Released, Standing, release_plan
from billing.tariff_commands import LoadTariff, ReleaseTariff, TariffLoaded, TariffReleased, TariffWithdrawn, WithdrawTariff
from billing.tariff_xml import TariffDocument, read_tariff
from billing.words import TariffState
from css import audit
from css.core.actor import Actor
from css.core.calendar import Period
from css.core.errors import Conflict, CssError, NotFound, Refusals, Refused
from css.db.constraints import constraint_of
from css.master.districts import BusinessDate

SYSTEM_AT: Final = datetime(2009, 10, 1, tzinfo=UTC)
"""When the system itself loaded and released the reference tariffs: any fixed instant, so that databases are alike."""
SYSTEM: Final = "system"


@audit.answered
def load_tariff(session: Session, command: LoadTariff, *, by: Actor, at: datetime) -> TariffLoaded:
    """Take in a tariff version from its XML, to be compared and released; the same version again changes nothing.

    Raises:
        Refused: CSS443E the actor may not, CSS423E to CSS427E and CSS451E to CSS459E faults of the tariff, CSS681E its number is
            used up, CSS682E its tariff has another name or kind.
        BadMessage: CSS500E to CSS517E and CSS675E to CSS680E, the document.
        Conflict: CSS449E, another content is on file under its number.
    """
    require_may(by, "load tariffs")
    document = read_tariff(command.document)
    version = document.version
    wrong = Refusals()
    wrong.add(*_faults(session, version, _loaded(session, version.service_tariff_code)))
    tariff_ids = keep_tariffs(session, {version.tariff_code: (document.name, version.kind)})
    tariff = _locked(session, tariff_ids[version.tariff_code])
    there = tariff_versions(session, version.tariff_code)
    if all(one.state is TariffState.WITHDRAWN for one in there):
        # Nothing was ever charged by it: a slip in its name may still be mended.
        tariff.name, tariff.kind = document.name, version.kind
    wrong.add(*_not_as_it_was(tariff, document))
    known = _known(session, version, there, wrong)
    wrong.tell()
    if known is not None:
        return TariffLoaded(
            tariff_code=version.tariff_code, version=version.version, state=known.state, prefix_count=known.prefix_count, was_there=True
        )
    row = version_row(version, tariff_ids)
    row.state = TariffState.LOADED
    row.loaded_by, row.loaded_at = by.name, at
    row.document_sha256 = hashlib.sha256(command.document).hexdigest()
    session.add(row)
    session.flush()
    add_rates(session, [(row.id, version)])
    answer = TariffLoaded(
        tariff_code=version.tariff_code,
        version=version.version,
        state=TariffState.LOADED,
        prefix_count=len({(rate.is_short_code, rate.prefix) for rate in version.rates}),
        was_there=False,
    )
    after = {"state": row.state.value, "starts_on": row.starts_on, "document_sha256": row.document_sha256, "prefixes": answer.prefix_count}
    audit.record(session, by=by, at=at, verb="load_tariff", subject=_subject(version.tariff_code, version.version), after=after)
    return answer


@audit.answered
def release_tariff(session: Session, command: ReleaseTariff, *, by: Actor, at: datetime) -> TariffReleased:
    """Let a loaded version price calls. It ends the version before it and supersedes those it replaces, and says what it did.

    Raises:
        Refused: CSS443E the actor may not, CSS686E the actor loaded it, CSS688E days would lose their price, CSS683E its service
            tariff prices nothing yet when it starts, CSS423E to CSS427E and CSS451E to CSS459E faults of the tariff.
        NotFound: CSS684E, no such version.
        Conflict: CSS685E it is not to be released any more, CSS689E another version was released for its days meanwhile.
    """
    require_may(by, "release tariffs")
    chosen = _chosen(session, command.tariff_code, command.version)
    if chosen.loaded_by == by.name and by.name != SYSTEM:
        sentence = "{who} loaded version {version} of tariff {tariff}; somebody else has to release it."
        raise Refused("CSS686E", sentence, who=by.name, version=chosen.version, tariff=chosen.tariff_code)
    _, version = tariff_version(session, chosen.version_id)
    wrong = Refusals()
    wrong.add(*_faults(session, version))
    wrong.add(*_service_not_in_force(session, version))
    released = [
        Released(one.version, Period(one.starts_on, one.ends_on))
        for one in tariff_versions(session, chosen.tariff_code)
        if one.state is TariffState.RELEASED
    ]
    plan = wrong.reading(lambda: release_plan(Standing(version.tariff_code, version.version, version.period), released, _today(session)))
    wrong.tell()
    assert plan is not None, "a plan or a refusal"
    for number in plan.superseded:
        _change(session, chosen, number, state=TariffState.SUPERSEDED)
    for number in plan.cut:
        _change(session, chosen, number, ends_on=chosen.starts_on)
    try:
        with session.begin_nested():
            _change(session, chosen, chosen.version, state=TariffState.RELEASED, released_by=by.name, released_at=at)
    except IntegrityError as error:
        if constraint_of(error) != "ex_tariff_version_overlap":
            raise
        sentence = "Another version of tariff {tariff} was released for the same days meanwhile; look, and release again."
        raise Conflict("CSS689E", sentence, tariff=chosen.tariff_code) from error
    audit.record(
        session,
        by=by,
        at=at,
        verb="release_tariff",
        subject=_subject(chosen.tariff_code, chosen.version),
        before={"state": chosen.state.value},
        after={"state": TariffState.RELEASED.value, "cut": list(plan.cut), "superseded": list(plan.superseded)},
    )
    return TariffReleased(
        tariff_code=chosen.tariff_code,
        version=chosen.version,
        starts_on=chosen.starts_on,
        ends_on=chosen.ends_on,
        cut=plan.cut,
        superseded=plan.superseded,
        words=plan.words,
    )


@audit.answered
def withdraw_tariff(session: Session, command: WithdrawTariff, *, by: Actor, at: datetime) -> TariffWithdrawn:
    """Put away a loaded version that is not wanted. It stays on file, and its number is not used again.

    Raises:
        Refused: CSS443E the actor may not, CSS687E no reason is given.
        NotFound: CSS684E, no such version.
        Conflict: CSS685E, it is not loaded any more.
    """
    require_may(by, "load tariffs")
    if not command.reason.strip():
        raise Refused("CSS687E", "Say why the version is withdrawn.", element="reason")
    chosen = _chosen(session, command.tariff_code, command.version)
    _change(session, chosen, chosen.version, state=TariffState.WITHDRAWN)
    audit.record(
        session,
        by=by,
        at=at,
        verb="withdraw_tariff",
        subject=_subject(chosen.tariff_code, chosen.version),
        before={"state": chosen.state.value},
        after={"state": TariffState.WITHDRAWN.value, "reason": command.reason.strip()},
    )
    return TariffWithdrawn(tariff_code=chosen.tariff_code, version=chosen.version, state=TariffState.WITHDRAWN)


def store_book(session: Session, book: TariffBook, names: Mapping[str, str]) -> int:
    """Add the versions of a book that are not there yet, released, under ids of their own; return how many. All or none.

    This is how reference data comes in: the system itself has loaded and released it. ``names`` has the name of every
    tariff by its code. The VAT rates of the book are not stored: the master files have them.

    Raises:
        Refused: CSS423E to CSS427E, CSS451E to CSS459E and CSS419E, all faults of the book at once, or an overlap with a
            version stored before.
        Conflict: CSS449E, a version is stored already with another content.
    """
    wrong = Refusals()
    wrong.add(*tariff_faults(book))
    stored = _stored(session, {version.tariff_code for version in book.versions})
    for version in book.versions:
        there = stored.get((version.tariff_code, version.version))
        if there is not None and _as_loaded(there) != _as_loaded(version):
            wrong.add(_other_content(version))
    wrong.tell()
    new = [version for version in book.versions if (version.tariff_code, version.version) not in stored]
    if new:
        _add_released(session, new, names)
    return len(new)


def _stored(session: Session, tariff_codes: set[str]) -> dict[tuple[str, int], Version]:
    """Every version of some tariffs, however it stands: what was superseded since it was stored is not stored again."""
    ids = tuple(one.version_id for code in sorted(tariff_codes) for one in tariff_versions(session, code))
    return {(one.tariff_code, one.version): one for one in tariff_book(session, including=ids).versions}


def _add_released(session: Session, versions: Sequence[Version], names: Mapping[str, str]) -> None:
    codes = sorted({version.tariff_code for version in versions})
    tariff_ids = keep_tariffs(session, {version.tariff_code: (names[version.tariff_code], version.kind) for version in versions})
    rows = [version_row(version, tariff_ids) for version in versions]
    for row in rows:
        row.state, row.loaded_by, row.loaded_at = TariffState.RELEASED, SYSTEM, SYSTEM_AT
        row.released_by, row.released_at = SYSTEM, SYSTEM_AT
    try:
        with session.begin_nested():
            session.add_all(rows)
            session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "ex_tariff_version_overlap":
            raise
        sentence = "A version of {tariffs} is in force already on a day that a new one is for."
        raise Refused("CSS419E", sentence, tariffs=" or ".join(codes)) from error
    add_rates(session, [(row.id, version) for row, version in zip(rows, versions, strict=True)])


def _faults(session: Session, version: Version, including: tuple[int, ...] = ()) -> tuple[CssError, ...]:
    """What is wrong with a version, judged beside the service charges it adds."""
    service = versions_of(session, version.service_tariff_code, including=including) if version.service_tariff_code else ()
    return tariff_faults(TariffBook((version, *service), ()))


def _loaded(session: Session, tariff_code: str | None) -> tuple[int, ...]:
    """The last version of a tariff, if none is released yet: what is loaded may build upon what is loaded."""
    there = tariff_versions(session, tariff_code) if tariff_code else ()
    if any(one.state is TariffState.RELEASED for one in there):
        return ()
    return tuple(one.version_id for one in there if one.state is TariffState.LOADED)[-1:]


def _service_not_in_force(session: Session, version: Version) -> Sequence[CssError]:
    code = version.service_tariff_code
    if code is None or any(one.period.contains(version.period.starts_on) for one in versions_of(session, code)):
        return ()
    sentence = "Tariff {service}, whose service charges it adds, has no released version for {day}; release one first."
    return (Refused("CSS683E", sentence, service=code, day=version.period.starts_on),)


def _not_as_it_was(tariff: Tariff, document: TariffDocument) -> Sequence[CssError]:
    if (tariff.name, tariff.kind) == (document.name, document.version.kind):
        return ()
    sentence = "Tariff {tariff} is {name!r}, {kind}, and stays so; a tariff of another name or kind needs another code."
    return (Refused("CSS682E", sentence, tariff=tariff.code, name=tariff.name, kind=tariff.kind.value, element="Name"),)


def _known(session: Session, version: Version, there: Sequence[TariffStanding], wrong: Refusals) -> TariffStanding | None:
    """The version on file under the number, if it is the same one; refused when it is not, or when the number is used up."""
    same = next((one for one in there if one.version == version.version), None)
    last = max((one.version for one in there), default=0)
    if same is not None and same.state is not TariffState.WITHDRAWN:
        _, stored = tariff_version(session, same.version_id)
        if _as_loaded(stored) == _as_loaded(version):
            return same
        wrong.add(_other_content(version))
    elif version.version <= last:
        sentence = "Tariff {tariff} has had a version {last} already; number the new one {next_number} or higher."
        wrong.add(Refused("CSS681E", sentence, tariff=version.tariff_code, last=last, next_number=last + 1, element="Version"))
    return None


def _as_loaded(version: Version) -> Version:
    """What a version says, whatever its ids and whatever end a later release has given it."""
    return content(replace(version, period=Period(version.period.starts_on)))


def _other_content(version: Version) -> Conflict:
    sentence = "Tariff {tariff} version {version} is stored already with another content; give the new one the next number."
    return Conflict("CSS449E", sentence, tariff=version.tariff_code, version=version.version)


def _locked(session: Session, tariff_id: int) -> Tariff:
    """A tariff, until the end of the transaction ours alone: one load or release after another."""
    wanted = select(Tariff).where(Tariff.id == tariff_id).with_for_update().execution_options(populate_existing=True)
    return session.execute(wanted).scalar_one()


def _chosen(session: Session, tariff_code: str, number: int) -> TariffStanding:
    """A loaded version, its tariff locked."""
    tariff_id = session.execute(select(Tariff.id).where(Tariff.code == tariff_code)).scalar_one_or_none()
    if tariff_id is None:
        raise NotFound("CSS684E", "There is no tariff {tariff}.", tariff=tariff_code, element="tariff_code")
    _locked(session, tariff_id)
    chosen = standing_of(session, tariff_code, number)
    if chosen.state is not TariffState.LOADED:
        who = f" by {chosen.released_by}" if chosen.released_by else ""
        sentence = "Version {version} of tariff {tariff} is {state} already{who}."
        raise Conflict("CSS685E", sentence, version=number, tariff=tariff_code, state=chosen.state.value, who=who)
    return chosen


def _change(session: Session, chosen: TariffStanding, number: int, **values: object) -> None:
    """Change how a version of the chosen one's tariff stands. Its prices are never changed."""
    of_tariff = select(Tariff.id).where(Tariff.code == chosen.tariff_code).scalar_subquery()
    session.execute(
        update(TariffVersion)
        .where(TariffVersion.tariff_id == of_tariff, TariffVersion.version == number)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _today(session: Session) -> date | None:
    """The furthest business date of any district: calls that started before it may have been priced."""
    return session.execute(select(func.max(BusinessDate.current_on))).scalar_one_or_none()


def _subject(tariff_code: str, version: int) -> tuple[str, str]:
    return ("tariff", f"{tariff_code}/{version}")
