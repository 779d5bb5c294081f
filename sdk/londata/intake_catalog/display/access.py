"""What a card says about access to data that is not open: what the caller may read, or why not and what to do."""

from __future__ import annotations

from londata.access import day, decide, last_day
from londata.errors import LondataError
from londata.intake_catalog.reading import current_subject, how_to_read
from londata.records import Entry
from londata.sharing.asking import standing
from londata.sharing.service import is_service
from londata.sharing.standing import Standing

_LISTED = {
    "public": "for everybody",
    "members": "for those whom an agreement about it names",
    "hidden": "for its stewards and those who hold a grant",
}


def standing_of(record: Entry, address: str) -> Standing | None:
    """Find out how the caller stands towards an entry; ``None`` where nobody has to ask, because it is open.

    The hub decides. Only where there is no hub to ask, the rule is applied here.

    Parameters
    ----------
    record
        The entry.
    address
        Of the register that it is from.
    """
    if record.access == "open":
        return None
    if not is_service(address):
        return Standing.of(decide(current_subject(), "read", record))
    try:
        return standing(record.id, address)
    except LondataError as error:  # the rest of the card is worth showing
        return Standing(False, (f"Whether you may read it could not be asked: {error.message}", error.hint))


def access_facts(record: Entry, standing: Standing | None) -> list[tuple[str, str]]:
    """List what there is to say about access: label and value, empty where there is nothing to say."""
    closed = record.access != "open"
    personal = record.personal_data
    found = [
        ("Access", record.access),
        ("Personal data", personal if closed or personal != "not stated" else ""),
        ("Listed", _LISTED[record.listing] if closed or record.listing != "public" else ""),
    ]
    if standing and standing.allowed:
        project = f", for the project {standing.project}" if standing.project else ""
        until = f", until {last_day(standing.until)}" if standing.until else ""
        found += [
            ("You may read", f"under the agreement {standing.agreement}{project}{until}"),
            ("Your columns", "all" if standing.columns is None else ", ".join(standing.columns)),
            ("Your rows", standing.rows or "all"),
        ]
    return found


def code_lines(record: Entry, standing: Standing | None, address: str) -> list[str]:
    """Give the lines of code that come next: those that read, or the reasons why not and how to ask.

    Parameters
    ----------
    record
        The entry.
    standing
        How the caller stands towards it; ``None`` where it is open.
    address
        Of its register: without a service there is nobody to ask.
    """
    if standing is None or standing.allowed or record.kind == "insight":
        return how_to_read(record)
    lines = [f"# {reason}" for reason in _reasons(standing) if reason]
    if standing.readable_in:
        lines += [f'londata.use_project("{project}")' for project in standing.readable_in]
    elif standing.waiting:
        lines.append("londata.requests()")
    elif is_service(address) and any("request_access" in reason for reason in standing.reasons):  # it can help
        lines.append(f'catalog.{record.key}.request_access(why="…")')
    if record.columns:
        lines.append(f"catalog.{record.key}.read_dummy()  # rows of the same columns, with nothing real in them")
    return lines


def _reasons(standing: Standing) -> tuple[str, ...]:
    """Say why not. The last reason is what to do next: of whoever has asked already it says that instead."""
    if standing.waiting is None or standing.readable_in:
        return standing.reasons
    record = standing.waiting.record
    asked = f"You asked for it on {day(record.made_at)}, for the project {record.project}: request {record.id} is open."
    return (*(standing.reasons[:-1] or standing.reasons), asked)
