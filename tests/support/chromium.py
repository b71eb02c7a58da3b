"""A real Chromium without a window, driven by its own protocol over two pipes: no driver, no port, no library."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SECONDS = 60


@dataclass(frozen=True)
class Box:
    """A piece of text and where it is on the page, in CSS pixels."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


@dataclass
class Look:
    """What one look at a page gave: its width and the window's, its texts, pictures, and what the console said."""

    page_width: float
    window_width: float
    texts: list[Box]
    pictures: list[Box]
    said: list[str]
    picture: bytes


@dataclass
class Chromium:
    """One browser with one page."""

    to: int
    back: int
    buffer: bytes = b""
    number: int = 0
    session: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self.number:
            self.events.append(answer)
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, method: str) -> None:
        """Wait for an event that has not been seen since the last call of ``look``."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + _SECONDS
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.back], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"Chromium said nothing for {_SECONDS} s"
            more = os.read(self.back, 1 << 20)
            assert more, "Chromium ended"
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        found: dict[str, Any] = json.loads(message)
        return found

    def look(self, path: Path, *, width: int, dark: bool) -> Look:
        """Open a file with scripts disabled, as a phone or a desktop, by day or at night."""
        self.events.clear()
        window = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", **window)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.as_uri())
        self.wait("Page.loadEventFired")
        metrics = self.call("Page.getLayoutMetrics")
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        texts, pictures = _boxes(self.call("DOMSnapshot.captureSnapshot", computedStyles=[]))
        said = [
            json.dumps(event["params"])
            for event in self.events
            if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        ]
        return Look(
            page_width=metrics["cssContentSize"]["width"],
            window_width=metrics["cssLayoutViewport"]["clientWidth"],
            texts=texts,
            pictures=pictures,
            said=said,
            picture=base64.b64decode(picture["data"]),
        )


def _boxes(snapshot: dict[str, Any]) -> tuple[list[Box], list[Box]]:
    """Return what of the page is shown: its lines of text and its pictures."""
    words = snapshot["strings"]
    (document,) = snapshot["documents"]
    lines, layout = document["textBoxes"], document["layout"]
    texts = []
    for index, (left, top, width, height) in zip(lines["layoutIndex"], lines["bounds"], strict=True):
        texts.append(Box(words[layout["text"][index]], left, left + width, top, top + height))
    pictures = []
    for node, (left, top, width, height) in zip(layout["nodeIndex"], layout["bounds"], strict=True):
        name = document["nodes"]["nodeName"][node]
        if words[name] == "svg":
            pictures.append(Box("svg", left, left + width, top, top + height))
    return texts, pictures


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start it with a profile of its own; it ends with the block."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "Chromium is not installed: tools/bootstrap does that on Debian; elsewhere install google-chrome"
    to_read, to = os.pipe()
    back, back_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        # It takes commands from descriptor 3 and answers on 4. Other shells know no descriptors above 9.
        options = (
            "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --remote-debugging-pipe"
            " --disable-background-networking --disable-component-update --hide-scrollbars"
        )
        process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" {options} "--user-data-dir=$1" 3<&{to_read} 4>&{back_write}', program, home],
            pass_fds=(to_read, back_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": home},
        )
        os.close(to_read)
        os.close(back_write)
        browser = Chromium(to, back)
        try:
            target = browser.call("Target.createTarget", url="about:blank")["targetId"]
            browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Log", "Runtime"):
                browser.call(f"{domain}.enable")
            browser.call("Emulation.setScriptExecutionDisabled", value=True)
            yield browser
            browser.session = None
            browser.call("Browser.close")
            process.wait(_SECONDS)
        finally:
            os.close(to)
            os.close(back)
            process.kill()
            process.wait()
