"""A kernel for each project: choosing one in Lab fixes what a notebook's session works for.

Beside "Python 3" the launcher shows a card for every project of the user. Its kernel is the same Python with the
project's name in its environment. Choosing another kernel starts another process, so two purposes never meet in one.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager
from traitlets import Float

PREFIX = "project-"
#: Letters of a title that a card of the launcher has room for, beside the word that says what it is.
ROOM = 31


class ProjectKernels(KernelSpecManager):
    """Kernel specs of the machine, and one for each project that the register names.

    While the register does not answer there are only those of the machine, and the log says why.
    """

    keep_s = Float(10, help="Seconds for which the register's answer is believed").tag(config=True)
    timeout_s = Float(3, help="Seconds after which the register is given up").tag(config=True)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._titles: dict[str, str] = {}  # the projects that are listed
        self._seen: dict[str, str] = {}  # those that ever were: their notebooks must be able to start again
        self._asked_at = float("-inf")
        self._asking = threading.Lock()

    async def get_all_specs(self) -> dict[str, Any]:
        """Describe every kernel. In a thread: nobody who works in the Lab waits for the register."""
        return await asyncio.to_thread(super().get_all_specs)

    def find_kernel_specs(self) -> dict[str, str]:
        """Map the names of kernels to the folders of their logos."""
        found: dict[str, str] = super().find_kernel_specs()
        if NATIVE_KERNEL_NAME in found:
            logos = found[NATIVE_KERNEL_NAME]
            found |= {f"{PREFIX}{slug}": logos for slug in self._projects()}
        return found

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Describe how a kernel is started; raises ``NoSuchKernel`` for a project that is none of the user's."""
        slug = kernel_name.removeprefix(PREFIX)
        title = None if slug == kernel_name else self._seen.get(slug) or self._projects().get(slug)
        if title is None:
            return super().get_kernel_spec(kernel_name)
        spec = super().get_kernel_spec(NATIVE_KERNEL_NAME)
        alike = list(self._titles.values()).count(title) > 1
        spec.display_name = f"Project: {slug if alike else title}"
        spec.env = {**spec.env, "LONDATA_PROJECT": slug}
        return spec

    def _projects(self) -> dict[str, str]:
        """Name the user's projects; asked again when what is known is too old."""
        with self._asking:
            if time.monotonic() - self._asked_at >= self.keep_s:
                self._titles = self._ask()
                self._seen |= self._titles
                self._asked_at = time.monotonic()
            return self._titles

    def _ask(self) -> dict[str, str]:
        from londata import settings
        from londata.errors import LondataError
        from londata.records.identifiers import SLUG
        from londata.sharing.service import SharingService, is_service

        address = settings.get("REGISTER")
        if not is_service(address):
            return {}
        try:
            service = SharingService(address, timeout=self.timeout_s)
            projects = service.projects()
            service.close()
        except LondataError as error:
            self.log.warning("No kernels for projects: %s", error)
            return {}
        # A name goes into addresses and folders, so nothing but a slug may be one; a title is only ever shown.
        return {each.id: short(each.title) or each.id for each in projects if SLUG.match(each.id)}


def short(title: str) -> str:
    """Shorten a title that is too long for a card, first by the remark in brackets at its end."""
    from londata.sharing.display.words import clean

    whole = clean(title)
    return whole if len(whole) <= ROOM else clean(re.sub(r"\s*\([^()]*\)$", "", whole), ROOM)
