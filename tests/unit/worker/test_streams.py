"""Ending a provider's stream."""

from collections.abc import AsyncIterator

from segue.worker.streams import ended_after


async def test_a_stream_left_early_is_closed():
    closed: list[bool] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    async with ended_after(numbers()) as stream:
        async for _ in stream:
            break
    assert closed == [True]


async def test_one_that_cannot_be_closed_is_left():
    class Endless:
        def __aiter__(self) -> "Endless":
            return self

        async def __anext__(self) -> int:
            return 1

    async with ended_after(Endless()) as stream:
        assert await anext(stream) == 1
