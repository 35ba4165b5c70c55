"""A core whose providers take exactly as long as they are told to, with the real everything else. For `plumbing.py`."""

import argparse
from pathlib import Path

import uvloop

from segue.adapters.clock.system import SystemClock
from segue.adapters.eot.fake import FixedEndOfTurn
from segue.adapters.llm.fake import FixedLatencyLlm
from segue.adapters.store.schema import SqliteConfig
from segue.adapters.store.sqlite import SqliteStore
from segue.adapters.stt.fake import FixedLatencyStt
from segue.adapters.tts.fake import FixedLatencyTts
from segue.adapters.vad.fake import EnergyVadFactory
from segue.agent import Agent
from segue.cli.collector import settle_collector
from segue.cli.installation import open_installation
from segue.core.config import CoreConfig
from segue.core.server import run_core
from segue.worker.providers import Providers
from segue.worker.runner import OperationRunner


async def main(options: argparse.Namespace) -> None:
    installation = open_installation(options.state)
    detection = {"type": "server_vad", "silence_duration_ms": options.silence_ms}
    agent = Agent(name="bench", session={"audio": {"input": {"turn_detection": detection}}})
    providers = Providers(
        stt={"local": FixedLatencyStt("Hello there.", latency_ms=options.stt_ms)},
        eot={"local": FixedEndOfTurn([0.95])},
        llm={"local": FixedLatencyLlm(options.text, latency_ms=options.llm_ms)},
        tts={"local": FixedLatencyTts(latency_ms=options.tts_ms)},
        tools=agent,
    )
    settle_collector()
    store = await SqliteStore.open(SqliteConfig(path=installation.journal), SystemClock())
    try:
        await run_core(
            CoreConfig(fleet_key=installation.fleet_key, listen=options.listen, ops=""),
            agent=agent.spec(),
            worker=OperationRunner(providers),
            vad=EnergyVadFactory(),
            store=store,
        )
    finally:
        await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--text", default="Sure, I can do that for you.")
    for name in ("silence", "stt", "llm", "tts"):
        parser.add_argument(f"--{name}-ms", type=int, required=True)
    uvloop.run(main(parser.parse_args()))
