import pytest

from segue.adapters.clock.system import SystemClock
from segue.adapters.trunk.listener import serve_trunk
from segue.adapters.trunk.port import CORE, EDGE, TrunkAddress
from segue.model.errors import ConfigError
from tests.integration.adapters.trunk.peers import Owner, RawEdge, dial, identity
from tests.support.fake_core import FakeCore, eventually


async def test_a_port_in_use_names_the_port_and_what_to_do() -> None:
    core = await FakeCore().start()
    address = TrunkAddress(host="127.0.0.1", port=core.port)

    with pytest.raises(ConfigError, match=rf"port {core.port} is in use; stop the process"):
        await serve_trunk(address, identity(role=CORE), peer_role=EDGE, handler=core, clock=SystemClock())


async def test_strangers_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.adapters.trunk.listener.UNPROVEN_LINKS_MAX", 3)
    core = await FakeCore().start()
    strangers = [await RawEdge.connect(core) for _ in range(4)]
    await eventually(lambda: core.rejections)
    assert core.rejections == ["3 connections are still unproven"]
    for stranger in strangers:
        stranger.close()
    await eventually(lambda: len(core.rejections) == 4)

    link = await dial(core, Owner())
    link.abort("done")
    await link.wait_closed()
