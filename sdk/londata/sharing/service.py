"""The part of the register service that keeps projects and requests, as a client asks it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from londata import session, settings
from londata.client.connection import REGISTER, Params
from londata.client.service_client import ServiceClient, part
from londata.errors import RegisterUnavailableError, SettingsError
from londata.records import AccessRequest, Project, RowFilter
from londata.sharing.notices import Notice, Notices
from londata.sharing.projects import Halted, MyProject, Projects, Readable
from londata.sharing.requests import Request, Requests
from londata.sharing.standing import Standing

T = TypeVar("T")
_MOMENT: TypeAdapter[dt.datetime] = TypeAdapter(dt.datetime)
_DAY: TypeAdapter[dt.date] = TypeAdapter(dt.date)


class SharingService(ServiceClient):
    """Projects, requests, decisions and notices behind the register's address.

    Raises
    ------
    RegisterUnavailableError, NotAuthenticatedError
        From every method: nobody answers; the token is not accepted.
    """

    service = REGISTER

    def projects(self) -> Projects:
        """List one's projects."""
        said = self._get("/projects")
        return self._read(lambda: Projects([_project(each) for each in said["projects"]], session.project()))

    def standing(self, entry: str, project: str | None) -> Standing:
        """Ask how one stands towards an entry in a project. Nothing is opened or logged by it."""
        params = [("entry", entry), *([("project", project)] if project else [])]
        said = self._get("/decisions", params)
        return self._read(lambda: _standing(said))

    def ask(self, entry: str, project: str, why: str) -> Request:
        """Ask for access; the hub adds the purpose, the bodies and the agreement.

        Parameters
        ----------
        entry, project
            The slugs of what is asked for, and for which project.
        why
            The reason that a steward will read.
        """
        said = self._connection.post("/requests", {"entry": entry, "project": project, "why": why})
        return self._request({"mine": True} | said)

    def requests(self) -> Requests:
        """List one's own requests and those that one may decide."""
        said = self._get("/requests")
        return self._read(lambda: Requests([self._request(each) for each in said["requests"]]))

    def approve(self, request: str, until: dt.date) -> Request:
        """Approve a request until a day."""
        return self._decide(request, "approve", until=until.isoformat())

    def refuse(self, request: str, reason: str) -> Request:
        """Refuse a request."""
        return self._decide(request, "refuse", reason=reason)

    def withdraw(self, request: str) -> Request:
        """Take a request back."""
        return self._decide(request, "withdraw")

    def end(self, request: str, grant: str, reason: str) -> Request:
        """End the grant that a request was given, before its time.

        Parameters
        ----------
        request, grant
            The ids of both.
        reason
            Why, as the person who held it will read it.
        """
        self._connection.post(f"/grants/{part(grant)}/end", {"reason": reason})
        return self.requests().find(request)

    def notices(self) -> Notices:
        """List what there is to know."""
        said = self._get("/notices")
        return self._read(lambda: Notices([_notice(each) for each in said["notices"]]))

    def _get(self, path: str, params: Params = ()) -> Any:
        return self._connection.get(path, params)

    def _decide(self, request: str, what: str, **body: str) -> Request:
        return self._request(self._connection.post(f"/requests/{part(request)}/{what}", body))

    def _request(self, said: Mapping[str, Any]) -> Request:
        return self._read(
            lambda: Request(
                _record(AccessRequest, said),
                title=str(said.get("title") or ""),
                project_title=str(said.get("project_title") or ""),
                mine=bool(said.get("mine")),
                decidable=bool(said.get("decidable")),
                latest_until=_DAY.validate_python(said["latest_until"][:10]) if said.get("latest_until") else None,
                holder=str(said.get("holder") or ""),
                over=str(said.get("over") or ""),
                endable=bool(said.get("endable")),
                service=self,
            )
        )

    def _read(self, make: Callable[[], T]) -> T:
        try:
            return make()
        except (ValidationError, KeyError, TypeError, AttributeError) as error:
            raise RegisterUnavailableError(
                "The register describes projects or requests in a way that this version of londata does not know.",
                hint="Install the version of londata that the hub runs.",
            ) from error


def service(address: str = "") -> SharingService:
    """Find the service that this process talks to.

    Parameters
    ----------
    address
        Of the register; the setting ``REGISTER`` when not given.

    Raises
    ------
    SettingsError
        There is none here: the register is a folder of files.
    """
    where = address or settings.get("REGISTER")
    if not is_service(where):
        raise SettingsError(
            "Projects and requests are kept by the hub, and no register service is set here.",
            hint=f"Work in the hub's Lab, or set {settings.PREFIX}REGISTER to the address of its register.",
        )
    return SharingService.at(where)


def is_service(address: str) -> bool:
    """Tell a service from a folder of catalogue files."""
    return address.startswith(("http://", "https://", "http+unix://"))


def _record(kind: Any, said: Mapping[str, Any]) -> Any:
    """Read a record from an answer that says more than the record."""
    return kind.model_validate({name: said[name] for name in kind.model_fields if name in said}, strict=False)


def _project(said: Mapping[str, Any]) -> MyProject:
    readable = (Readable(each["entry"], each["title"], _moment(each.get("until"))) for each in said["readable"])
    halted = tuple(Halted(each["entry"], each["title"], str(each["why"])) for each in said.get("halted", ()))
    ended = said.get("ended") is True
    return MyProject(_record(Project, said), str(said["purpose_title"]), tuple(readable), ended, halted)


def _standing(said: Mapping[str, Any]) -> Standing:
    columns, rows = said.get("columns"), said.get("rows") or ""
    if isinstance(rows, Mapping):
        kept = RowFilter.model_validate(rows)
        rows = str(kept) if kept else ""
    return Standing(
        said["allowed"] is True,
        tuple(str(reason) for reason in said["reasons"]),
        said.get("agreement") or "",
        said.get("project") or "",
        _moment(said.get("until")),
        None if columns is None else tuple(str(name) for name in columns),
        "" if rows == "all rows" else str(rows),
    )


def _notice(said: Mapping[str, Any]) -> Notice:
    names = ("id", "kind", "text", "entry", "project")
    days = said.get("days")
    return Notice(**{name: str(said.get(name) or "") for name in names}, at=_moment(said.get("at")), days=days)


def _moment(text: Any) -> dt.datetime | None:
    return _MOMENT.validate_python(text) if text else None
