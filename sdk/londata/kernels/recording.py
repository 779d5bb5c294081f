"""What the cells of a notebook put out, taken down in the process that runs them, where no kernel listens yet.

IPython's own publishers send here what they would send to a page. What an ``Output`` widget takes for itself goes into
that widget, as a browser would put it there.
"""

from __future__ import annotations

import io
import sys
from typing import Any

from ipykernel.comm.comm import BaseComm
from ipykernel.kernelbase import Kernel
from jupyter_client.session import Session, extract_header

Output = dict[str, Any]


class Recorder(Session):  # type: ignore[misc]  # jupyter_client has no types
    """Takes down the outputs of one cell after the other."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.cells: list[list[Output]] = []
        self._taking: list[tuple[str, str]] = []
        self._shown: dict[str, list[Output]] = {}
        self._clear_first: set[int] = set()

    def begin(self) -> None:
        """Begin the next cell."""
        self.cells.append([])

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, **options: Any) -> Any:
        """Take down one message instead of sending it.

        Parameters
        ----------
        stream, msg_or_type, content, parent, **options
            As :class:`jupyter_client.session.Session` takes them.
        """
        whole = isinstance(msg_or_type, dict)
        message = msg_or_type if whole else self.msg(msg_or_type, content, parent=parent)
        kind, content = message["header"]["msg_type"], message["content"]
        widget = self._taker((message.get("parent_header") or {}).get("msg_id", ""))
        if kind == "clear_output":
            self._clear(widget, wait=bool(content.get("wait")))
        elif kind == "update_display_data":
            for shown in self._shown.get((content.get("transient") or {}).get("display_id", ""), ()):
                shown.update(data=content["data"], metadata=content["metadata"])
        elif output := _output(kind, content):
            display = (content.get("transient") or {}).get("display_id")
            if display:
                self._shown.setdefault(display, []).append(output)
            self._put(widget, output)
        return message

    def takes(self, model: str, request: str) -> None:
        """Note that a widget takes the outputs of a request for itself, or (with no request) that it no longer does."""
        if request:
            self._taking.append((model, request))
        else:
            self._taking = [each for each in self._taking if each[0] != model]

    def _taker(self, request: str) -> Any:
        """Find the widget that takes what belongs to a request; the one that began last comes first."""
        for model, wanted in reversed(self._taking):
            if wanted == request and (widget := _widgets().get(model)) is not None:
                return widget
        return None

    def _clear(self, widget: Any, *, wait: bool) -> None:
        if wait:
            self._clear_first.add(id(widget))
        elif widget is not None:
            widget.outputs = ()
        elif self.cells:
            self.cells[-1].clear()

    def _put(self, widget: Any, output: Output) -> None:
        if id(widget) in self._clear_first:
            self._clear_first.discard(id(widget))
            self._clear(widget, wait=False)
        outputs = list(widget.outputs) if widget is not None else (self.cells or [[]])[-1]
        last = outputs[-1] if outputs else None
        if last and last["output_type"] == output["output_type"] == "stream" and last["name"] == output["name"]:
            outputs[-1] = last | {"text": last["text"] + output["text"]}
        else:
            outputs.append(output)
        if widget is not None:
            widget.outputs = tuple(outputs)


class RecordingStream(io.TextIOBase):
    """Standard output or error while there is no kernel; afterwards whatever then is standard output or error."""

    def __init__(self, name: str, recorder: Recorder) -> None:
        self._name, self._recorder = name, recorder
        self._parent: Any = {}

    def set_parent(self, parent: Any) -> None:
        """Note to which request belongs what comes next; IPython calls this."""
        self._parent = extract_header(parent)

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take down some text; what a cell complains about also goes to the log."""
        if (now := getattr(sys, self._name)) is not self:
            return int(now.write(text))
        if text:
            self._recorder.send(None, "stream", {"name": self._name, "text": text}, self._parent)
        if self._name == "stderr" and sys.__stderr__ is not None:
            sys.__stderr__.write(text)
        return len(text)


class RecordingComm(BaseComm):
    """A widget's line to its page: silent until there is a kernel, but it hears which widget takes outputs."""

    recorder: Recorder

    @property
    def kernel(self) -> Any:  # type: ignore[override]  # a plain attribute there
        """Whose line it is. Widgets say nothing where there is none; while there is no kernel it is the recorder's."""
        return Kernel.instance() if Kernel.initialized() else self.recorder

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> Any:
        """Send a message if there is somebody to send it to.

        Parameters
        ----------
        msg_type, data, metadata, buffers, **keys
            As ipykernel's comms take them.
        """
        state = data.get("state") if isinstance(data, dict) else None
        if isinstance(state, dict) and isinstance(state.get("msg_id"), str) and not Kernel.initialized():
            self.recorder.takes(self.comm_id, state["msg_id"])
        return super().publish_msg(msg_type, data, metadata, buffers, **keys)  # type: ignore[no-untyped-call]


def _output(kind: str, content: Any) -> Output | None:
    """Write a message as the output of a cell, as a notebook holds it."""
    if kind == "stream":
        return {"output_type": kind, "name": content["name"], "text": content["text"]}
    if kind == "error":
        return {"output_type": kind} | {name: content[name] for name in ("ename", "evalue", "traceback")}
    if kind in ("display_data", "execute_result"):
        output = {"output_type": kind, "data": content["data"], "metadata": content.get("metadata") or {}}
        return output | ({"execution_count": None} if kind == "execute_result" else {})
    return None


def _widgets() -> dict[str, Any]:
    """Every widget that there is, by the id of its model."""
    module = sys.modules.get("ipywidgets.widgets.widget")
    return getattr(module, "_instances", {})
