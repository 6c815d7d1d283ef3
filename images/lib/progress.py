# SPDX-License-Identifier: Apache-2.0
"""Progress of a build: weighted phases, told to a person on stdout and to a program on a descriptor."""

import os
import time


class Progress:
    """Phases have weights; `percent text` lines go to `fd`, human lines to stdout."""

    def __init__(self, phases: dict[str, int], fd: int | None = None):
        self.phases = phases
        self.fd = fd
        self.total = sum(phases.values())
        self.done = 0
        self.current = None
        self.started = time.monotonic()

    def phase(self, name: str) -> None:
        """Ends the phase before, and starts `name`."""
        self._close()
        self.current = name
        self._tell(0.0, name)
        print(f"[{time.monotonic() - self.started:6.1f} s] {name}", flush=True)

    def step(self, fraction: float, text: str | None = None) -> None:
        """`fraction` (0..1) of the current phase is done."""
        self._tell(min(max(fraction, 0.0), 1.0), text or self.current)

    def note(self, text: str) -> None:
        print(f"           {text}", flush=True)

    def finish(self, text: str) -> None:
        self._close()
        self._write(100, text)
        print(f"[{time.monotonic() - self.started:6.1f} s] {text}", flush=True)

    def _close(self) -> None:
        if self.current is not None:
            self.done += self.phases[self.current]
            self.current = None

    def _tell(self, fraction: float, text: str) -> None:
        weight = self.phases[self.current]
        self._write(int(100 * (self.done + fraction * weight) / self.total), text)

    def _write(self, percent: int, text: str) -> None:
        if self.fd is None:
            return
        try:
            os.write(self.fd, f"{percent} {text}\n".encode())
        except OSError:
            self.fd = None  # the reader has gone; the build goes on
