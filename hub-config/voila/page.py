"""The page of an app: written once, from the run that viewers share, or cell by cell while a run of one goes on."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import tornado.web
from stage import Shared, Stage
from voila.execute import strip_code_cell_warnings
from voila.handler import get_page_config
from voila.notebook_renderer import NotebookRenderer
from voila.tornado.handler import TornadoVoilaHandler

#: The header in which the service names the kernel that a page will have.
HEADER = "X-Londata-Kernel"
#: Stands in a page that is kept where the name of a kernel will be.
_NAME = "00000000-kernel-of-this-viewer"
#: From here on a page looks for its kernel; what is before is sent while that is being forked.
_SCRIPTS = "</main>"


#: Where the page's last line finds when its figures were worked out.
_WORKED_OUT = "londata_worked_out"
#: Where a cell has, for each output, what stands for it until it is alive.
_FIRST_VIEWS = "londata_first_views"


class Page(TornadoVoilaHandler):  # type: ignore[misc]  # voila has no types
    """Answers with the page, and starts the kernel that it will talk to."""

    def initialize(self, *, stage: Stage, **kwargs: Any) -> None:
        """Take over what Voila gives, and the stage."""
        super().initialize(**kwargs)
        self.stage = stage

    @tornado.web.authenticated
    async def get(self, path: str = "") -> None:
        """Send the page piece by piece."""
        if path:
            raise tornado.web.HTTPError(404)
        name = self.request.headers.get(HEADER, "")
        self.kernel_manager.new_kernel_id(env={"VOILA_KERNEL_ID": name})  # refuses what is no name
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        pieces = self._own(name) if self.request.query else self._shared(name)
        async for piece in pieces:
            self.write(piece)
            await self.flush()

    async def _shared(self, name: str) -> AsyncIterator[str]:
        """The kept page, if there is one; else make it, and keep it if it came of a shared run."""
        rehearsal = asyncio.ensure_future(self.stage.shared())
        await asyncio.wait([rehearsal], timeout=0)
        if not rehearsal.done() or rehearsal.result() is None or not rehearsal.result().page:
            async for piece in self._made(name, rehearsal):
                yield piece
            return
        shared: Shared = rehearsal.result()
        starting = asyncio.create_task(self.fork(name, shared))
        text, between, rest = shared.page.replace(_NAME, name).rpartition(_SCRIPTS)
        yield text
        await starting
        yield between + rest

    def _own(self, name: str) -> AsyncIterator[str]:
        """The page of a run for this viewer alone: the address asks for something, or the runs differ."""
        nothing: asyncio.Future[Shared | None] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return self._made(name, nothing)

    async def _made(self, name: str, rehearsal: asyncio.Future[Shared | None]) -> AsyncIterator[str]:
        renderer = self._renderer(rehearsal)
        await renderer.initialize()
        pieces = []
        async for piece, _ in renderer.generate_content_generator(name):
            pieces.append(piece)
            yield piece
        if (shared := renderer.shared) is not None:
            shared.page = "".join(pieces).replace(name, _NAME)

    async def fork(self, name: str, shared: Shared | None) -> None:
        """Start the kernel: as it is after the shared run, or with nothing run."""
        zygote = shared.zygote if shared is not None else await asyncio.to_thread(self.stage.fresh_zygote)
        environ = os.environ | {
            "SCRIPT_NAME": self.request.path,
            "PATH_INFO": "",
            "QUERY_STRING": self.request.query,
            "SERVER_SOFTWARE": "voila",
            "SERVER_PROTOCOL": str(self.request.version),
            "SERVER_NAME": self.request.host.partition(":")[0],
        }
        if shared is None:
            await self.kernel_manager.open(name, environ, zygote)
            return
        self.stage.joined(shared, name)
        try:
            await self.kernel_manager.open(name, environ, zygote)
        except BaseException:
            self.stage.ended(name)
            raise
        if self.kernel_manager.get_kernel(name).provisioner.problem:  # it was started plainly: nothing has run in it
            await self.kernel_manager.shutdown_kernel(name)
            raise tornado.web.HTTPError(503)

    def _renderer(self, rehearsal: asyncio.Future[Shared | None]) -> Renderer:
        configuration = self.voila_configuration
        page_config = get_page_config(
            base_url=self.base_url, settings=self.settings, log=self.log, voila_configuration=configuration
        )
        return Renderer(
            page=self,
            rehearsal=rehearsal,
            voila_configuration=configuration,
            traitlet_config=self.traitlet_config,
            notebook_path=self.notebook_path,
            template_paths=self.template_paths,
            config_manager=self.config_manager,
            contents_manager=self.contents_manager,
            base_url=self.base_url,
            kernel_spec_manager=self.kernel_spec_manager,
            page_config=page_config,
            mathjax_config=self.settings.get("mathjax_config"),
            mathjax_url=self.settings.get("mathjax_url"),
        )


class Renderer(NotebookRenderer):  # type: ignore[misc]  # voila has no types
    """Voila's renderer, which puts in the outputs of the shared run where there is one."""

    def __init__(self, *, page: Page, rehearsal: asyncio.Future[Shared | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._page, self._rehearsal = page, rehearsal
        self.shared: Shared | None = None

    async def _jinja_kernel_start(self, nb: Any, kernel_id: str, kernel_future: Any) -> str:
        """Start the kernel when the page's head has been sent."""
        self.shared = await self._rehearsal
        nb.metadata[_WORKED_OUT] = _as_of(self.shared.made_at if self.shared else dt.datetime.now(dt.UTC))
        await self._page.fork(kernel_id, self.shared)
        if self.shared is None:
            await super()._jinja_kernel_start(nb, kernel_id, self._page.kernel_manager.get_kernel(kernel_id))
        return kernel_id

    async def _jinja_cell_generator(self, nb: Any, kernel_id: str) -> AsyncIterator[Any]:
        """Give each cell with its outputs."""
        if self.shared is None:
            async for cell in super()._jinja_cell_generator(nb, kernel_id):
                yield cell
            return
        from nbformat import from_dict

        for cell, outputs, views in zip(nb.cells, self.shared.cells, self.shared.views, strict=True):
            if cell.cell_type == "code":
                both = [pair for pair in zip(outputs, views, strict=True) if pair[0]["output_type"] != "error"]
                cell.outputs = [from_dict(output) for output, _ in both]
                cell.metadata[_FIRST_VIEWS] = [view for _, view in both]
                strip_code_cell_warnings(cell)
            yield cell


def _as_of(at: dt.datetime) -> dict[str, str]:
    there = at.astimezone(ZoneInfo("Europe/London"))
    return {"iso": there.isoformat(timespec="minutes"), "words": f"{there.day} {there:%B %Y, %H:%M}"}
