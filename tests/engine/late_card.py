"""A card that is as late as it may be: it copies when it needs the copies, and computes when it is waited for.

What reads a copy too early reads no numbers, and memory that is free too early is noticed.
"""

import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

NUMBERLESS = float("nan")


class LateCard:
    """Its two streams. Numbers are computed at once, by the processor; what is late is what the host knows of it.

    held, most: bytes of copies whose memory it cannot use for others, and the most of them; reused_early: copies that
    were given back without waiting for what is computed with them; waits: how often the host waited for it.
    """

    def __init__(self) -> None:
        self.held = self.most = self.reused_early = self.waits = 0
        self.copying: deque[tuple[Tensor, Tensor]] = deque()
        self.asked = self.done = self.copied = self.sent = 0  # positions in the streams
        self._received: set[int] = set()
        self._until: set[int] = set()
        self._late: deque[tuple[int, int]] = deque()  # bytes that are free after a position

    def send(self, weight: Tensor) -> Tensor:
        """A copy that has no numbers yet."""
        copy = torch.full_like(weight, NUMBERLESS if weight.is_floating_point() else 0)
        storage = copy.untyped_storage()
        self.copying.append((copy, weight))
        self.sent += 1
        self.held += storage.nbytes()
        self.most = max(self.most, self.held)
        weakref.finalize(storage, self._free, storage._cdata, storage.nbytes()).atexit = False
        return copy

    def receive(self, first: int, end: int) -> None:
        """Copy all that was sent before the end; what begins with `first` is computed with."""
        while self.copied < end:
            copy, weight = self.copying.popleft()
            copy.copy_(weight)
            if self.copied >= first:
                self._received.add(copy.untyped_storage()._cdata)
            self.copied += 1

    def keep(self, copy: Tensor) -> None:
        """Let its memory be free only after what is asked of the card by the time that nobody has it any more."""
        self._until.add(copy.untyped_storage()._cdata)

    def reach(self, position: int) -> None:
        """Compute all that was asked before a position."""
        self.waits += 1
        self.done = max(self.done, position)
        while self._late and self._late[0][0] <= self.done:
            self.held -= self._late.popleft()[1]

    def finish(self) -> None:
        """Do all that is left."""
        self.receive(self.sent, self.sent)
        self.reach(self.asked)

    def _free(self, key: int, size: int) -> None:
        if key in self._until:
            self.asked += 1
            self._late.append((self.asked, size))
        else:
            self.reused_early += key in self._received
            self.held -= size
        self._until.discard(key)
        self._received.discard(key)


class _Event:
    """first: position of the event before it, in the stream of copies."""

    def __init__(self, card: LateCard, position: int, first: int = 0) -> None:
        self.card, self.position, self.first = card, position, first

    def synchronize(self) -> None:
        self.card.reach(self.position)


class _Computing:
    def __init__(self, card: LateCard) -> None:
        self._card = card

    def record_event(self) -> _Event:
        self._card.asked += 1
        return _Event(self._card, self._card.asked)

    def wait_event(self, event: _Event) -> None:
        self._card.receive(event.first, event.position)


class _Copying:
    def __init__(self, card: LateCard) -> None:
        self._card, self._last = card, 0

    def record_event(self) -> _Event:
        first, self._last = self._last, self._card.sent
        return _Event(self._card, self._last, first)


@contextmanager
def late_card() -> Iterator[LateCard]:
    """For the work inside, all of which is this thread's."""
    card, to = LateCard(), Tensor.to
    copying = [False]

    @contextmanager
    def stream(_chosen: object) -> Iterator[None]:
        copying[0] = True
        try:
            yield
        finally:
            copying[0] = False

    def cross(weight: Tensor, *where: Any, **options: Any) -> Tensor:
        if not options.get("non_blocking"):
            return to(weight, *where, **options)
        assert copying[0], "a copy beside the second stream"
        return card.send(weight)

    with ExitStack() as stack:
        stack.enter_context(patch.object(torch.cuda, "Stream", lambda *_: _Copying(card)))
        stack.enter_context(patch.object(torch.cuda, "current_stream", lambda *_: _Computing(card)))
        stack.enter_context(patch.object(torch.cuda, "stream", stream))
        stack.enter_context(patch.object(Tensor, "record_stream", lambda copy, _stream: card.keep(copy)))
        stack.enter_context(patch.object(Tensor, "to", cross))
        yield card
