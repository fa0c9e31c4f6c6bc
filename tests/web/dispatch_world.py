"""A district with thirty lines, two engineers and a contractor, for the screens of dispatch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, select, text

from css.core.words import Role
from css.db.engine import transaction
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from repairs.actions import add_engineer, diagnose_fault, queue_fault, report_fault
from repairs.commands.dispatch import AddEngineer
from repairs.commands.faults import DiagnoseFault, QueueFault, ReportFault
from repairs.words import Craft, Location
from tests import builders
from tests.builders import BuiltDistrict, BuiltLine
from tests.web.conftest import PASSWORD

AT = builders.AT


@dataclass
class Yard:
    """Where engineers come from, and what they are sent to."""

    engine: Engine
    district: BuiltDistrict
    lines: list[BuiltLine]
    told: list[str] = field(default_factory=list)

    def fault(self, *, queued: bool = True, at: datetime = AT, **said: object) -> str:
        """One more fault on the next line; what is queued needs somebody for the line."""
        line = self.lines.pop()
        report = {"number": line.number, "symptom_code": "NDT", "contact_name": "Rose Finch", "contact_phone": "07700 900456"} | said
        with transaction(self.engine) as session:
            number = report_fault(session, ReportFault(**report), by=builders.CLERK, at=at).fault_number  # type: ignore[arg-type]
            if queued:
                look = DiagnoseFault(fault_number=number, location=Location.LN, craft=Craft.OVERHEAD)
                diagnose_fault(session, look, by=builders.OPERATOR, at=at)
                queue_fault(session, QueueFault(fault_number=number), by=builders.OPERATOR, at=at)
        self.told.append(number)
        return number

    def state(self, number: str) -> str:
        with transaction(self.engine) as session:
            return str(session.execute(text("SELECT state FROM repairs.fault WHERE number = :n"), {"n": number}).scalar_one())

    def vulnerable(self, number: str) -> None:
        """Whoever has this fault depends on the line."""
        with transaction(self.engine) as session:
            session.execute(
                text(
                    "UPDATE css.customer SET is_vulnerable = TRUE WHERE id = (SELECT a.customer_id FROM repairs.fault f "
                    "JOIN css.account a ON a.id = f.account_id WHERE f.number = :n)"
                ),
                {"n": number},
            )


def yard(engine: Engine, code: str, *, lines: int = 30, operators: bool = True) -> Yard:
    """JACK and JILL can do everything, CON (of a firm) goes for overhead work; CON, JACK and LOST sign on."""
    with transaction(engine) as session:
        made = builders.district(session, code, pairs=lines + 2, sites=lines)
        built = [builders.working_line(session, made, builders.account(session, made), site=site) for site in made.gold]
        for name, firm, crafts in (("JACK", None, tuple(Craft)), ("JILL", None, tuple(Craft)), ("CON", "Wire & Son", (Craft.OVERHEAD,))):
            who = AddEngineer(
                code=f"{name}{code}", name=f"{name.title()} Reed", district_code=code, firm=firm, crafts=crafts,
                exchange_codes=("WREN",), calendar_code="ALWAYS",
            )  # fmt: skip
            add_engineer(session, who, by=builders.OPERATOR, at=AT)
        if operators:
            for name, role in ((f"CON{code}", Role.CONTRACTOR), (f"JACK{code}", Role.REPAIR), (f"LOST{code}", Role.CONTRACTOR)):
                signs_on = AddOperator(code=name, name=f"{name.title()} Reed", team="Field", password=PASSWORD, roles=(role,))
                add_operator(session, signs_on, by=builders.OPERATOR, at=AT)
    return Yard(engine, made, built)


def number_of(engine: Engine, statement: str) -> int:
    """One number from the database."""
    with transaction(engine) as session:
        return int(session.execute(select(text(statement))).scalar_one())
