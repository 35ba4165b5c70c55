import asyncio
import threading

import pytest

from segue.adapters.models.threads import Cancelled, JobCancelled, ModelThreads, ModelThreadsConfig, guarded
from segue.model.errors import ConfigError, ProviderError


@pytest.fixture
def one() -> ModelThreads:
    return ModelThreads(ModelThreadsConfig(threads=1, waiting_jobs_max=1))


async def test_runs_on_a_thread_of_its_own(one: ModelThreads) -> None:
    name = await one.run("m", lambda _: threading.current_thread().name)
    assert name.startswith("segue-model")
    one.close()


async def test_foreign_exceptions_become_provider_errors(one: ModelThreads) -> None:
    def fail(_: Cancelled) -> None:
        raise ValueError("odd shape")

    with pytest.raises(ProviderError, match="m: ValueError: odd shape") as caught:
        await one.run("m", fail)
    assert not caught.value.retryable
    one.close()


async def test_cancelling_tells_the_running_job(one: ModelThreads) -> None:
    started, seen = threading.Event(), threading.Event()

    def work(cancelled: Cancelled) -> None:
        started.set()
        while not cancelled():
            threading.Event().wait(0.001)
        seen.set()
        raise JobCancelled

    task = asyncio.get_running_loop().create_task(one.run("m", work), name="job")
    await asyncio.to_thread(started.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(seen.wait, 5)
    one.close()


async def test_a_full_queue_refuses_and_recovers(one: ModelThreads) -> None:
    started, release = threading.Event(), threading.Event()

    def block(_: Cancelled) -> bool:
        started.set()
        return release.wait(5)

    loop = asyncio.get_running_loop()
    running = loop.create_task(one.run("m", block), name="running")
    await asyncio.to_thread(started.wait, 5)
    waiting = loop.create_task(one.run("m", lambda _: 1), name="waiting")
    await asyncio.sleep(0)
    with pytest.raises(ProviderError, match="already wait") as caught:
        await one.run("m", lambda _: 2)
    assert caught.value.retryable
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    third = loop.create_task(one.run("m", lambda _: 3), name="third")
    release.set()
    assert await running
    assert await third == 3
    one.close()


async def test_closed_threads_refuse(one: ModelThreads) -> None:
    one.close()
    with pytest.raises(ProviderError, match="closed"):
        await one.run("m", lambda _: 1)


def test_guarded_passes_our_own_errors_on() -> None:
    def missing() -> None:
        raise ConfigError("model", "is not installed")

    with pytest.raises(ConfigError):
        guarded("m", missing)


def test_guarded_names_memory() -> None:
    def exhausted() -> None:
        raise MemoryError

    with pytest.raises(ProviderError, match="out of memory") as caught:
        guarded("m", exhausted)
    assert caught.value.retryable
