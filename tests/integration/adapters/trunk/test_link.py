"""The link itself, over real sockets: proof, beats, suspicion, credit and its bounds."""

import asyncio
import socket as sockets
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from segue.adapters.clock.system import SystemClock
from segue.adapters.trunk import link as link_module
from segue.adapters.trunk.link import Link, dial_trunk
from segue.adapters.trunk.port import CORE, EDGE, OUTBOX_HIGH_BYTES, TrunkAddress
from segue.model.errors import LocalProtocolError, TrunkUnavailable
from segue.model.limits import FLOW_CREDIT_BYTES
from segue.telemetry.clock import ClockRelation
from segue.telemetry.clock import ClockSample as RelationSample
from segue.wire.trunk import AnyFrame, Beat, Credit, Down, Hello, Open, Up, encode_frame
from tests.integration.adapters.trunk.peers import Owner, RawEdge, dial, identity
from tests.support.fake_core import FakeCore, eventually

OPEN = Open(flow=1, session="sess_a", subject="u", is_new=True, is_aware=False, params=b"{}")
NEW_FLOW = 7


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Link, Owner, FakeCore]]:
    core, owner = await FakeCore().start(), Owner()
    link = await dial(core, owner)
    try:
        yield link, owner, core
    finally:
        link.abort("the test is over")
        await link.wait_closed()


async def test_both_ends_know_each_other_and_end_together() -> None:
    async with linked() as (link, owner, core):
        assert owner.linked == [link]
        assert (link.peer_node, link.peer_role) == ("core-1", CORE)
        assert (core.links[0].peer_node, core.links[0].peer_role) == ("edge-1", EDGE)

        link.close("done")
        await link.wait_closed()
        await eventually(lambda: core.unlinked)

        assert owner.unlinked == ["done"]
        link.send(OPEN)  # Nobody is there; nothing happens.


async def test_another_fleets_key_is_rejected_and_said_at_both_ends() -> None:
    core = await FakeCore().start()

    with pytest.raises(TrunkUnavailable, match="same fleet key"):
        await dial(core, Owner(), key="x" * 32)

    await eventually(lambda: core.rejections)
    assert "does not hold this fleet's key" in core.rejections[0]


async def test_nothing_there_is_said_at_once() -> None:
    core = await FakeCore().start()
    core.kill()

    with pytest.raises(TrunkUnavailable) as caught:
        await dial(core, Owner())
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


async def test_something_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "HANDSHAKE_TIMEOUT_MS", 50)
    with sockets.create_server(("127.0.0.1", 0)) as mute:
        address = TrunkAddress(host="127.0.0.1", port=mute.getsockname()[1])
        with pytest.raises(TrunkUnavailable, match="no answer within 50 ms"):
            await dial_trunk(address, identity(), peer_role=CORE, handler=Owner(), clock=SystemClock())


async def test_beats_relate_the_two_clocks() -> None:
    async with linked() as (_, owner, core):
        await eventually(lambda: len(owner.samples) >= 3 and len(core.samples) >= 3)

        relation = ClockRelation("edge:1", "core:1")  # type: ignore[arg-type]
        for sample in owner.samples:
            stamps = {"t0_ns": sample.t0_ns, "t1_ns": sample.t1_ns, "t2_ns": sample.t2_ns, "t3_ns": sample.t3_ns}
            relation.add(RelationSample(**stamps))
        now = SystemClock().mono_ns()
        there = relation.convert(now)

        assert there is not None
        assert abs(there.at_ns - now) <= there.bound_ns, "both ends read the same clock here"


async def test_a_silent_peer_is_suspected_once_and_trusted_when_it_speaks() -> None:
    async with linked() as (_, owner, core):
        core.stand_still()
        await eventually(lambda: owner.suspected)
        assert 250 <= owner.suspected[0] < 600

        core.links[0].send(OPEN)
        await eventually(lambda: owner.trusted)

        assert len(owner.suspected) == 1


async def test_a_stall_of_this_process_suspects_nobody() -> None:
    async with linked() as (_, owner, core):
        await eventually(lambda: owner.samples)
        sockets.socket().close()
        blocked_until = SystemClock().mono_ns() + 400_000_000
        while SystemClock().mono_ns() < blocked_until:
            pass  # Nothing of this loop runs: neither beats nor what arrived.
        seen = len(owner.samples)
        await eventually(lambda: len(owner.samples) > seen + 2)

        assert not owner.suspected
        assert not core.suspicions


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "trunk frame of"),
        (b"\x00\x00\x00\x02\xc1\xc1", "not a trunk frame"),
        (encode_frame(Beat(sent_ns=1)), "Beat is out of place"),
        (b"\x00\x01\x00\x00" + b"x" * 5_000, "bytes before the proof"),
    ],
)
async def test_strangers_are_turned_away(data: bytes, match: str) -> None:
    core = await FakeCore().start()
    stranger = await RawEdge.connect(core)

    stranger.write(data)
    await stranger.read_to_end()
    await eventually(lambda: core.rejections)

    assert match in core.rejections[0]
    stranger.close()


async def test_a_stranger_that_says_nothing_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "HANDSHAKE_TIMEOUT_MS", 50)
    core = await FakeCore().start()
    stranger = await RawEdge.connect(core)

    await stranger.read_to_end()

    assert "no proof within 50 ms" in core.rejections[0]
    stranger.close()


@pytest.mark.parametrize(
    ("frames", "match"),
    [
        ((OPEN, Up(1, 1, 1, bytes(FLOW_CREDIT_BYTES)), Up(1, 2, 1, b"x")), "without credit"),
        ((OPEN, OPEN), "opened twice"),
        ((OPEN, Credit(1, 5)), "5 bytes granted, 0 were in flight"),
        ((Hello(version=1, node="n", role=EDGE, nonce=b""),), "Hello after the handshake"),
    ],
)
async def test_a_member_that_breaks_the_rules_loses_its_link(frames: tuple[AnyFrame, ...], match: str) -> None:
    core = await FakeCore().start()
    core.is_consuming = False
    core.decide_every = 100
    edge = await RawEdge.connect(core)
    await edge.prove()

    edge.send(*frames)
    await edge.read_to_end()
    await eventually(lambda: core.unlinked)

    assert match in core.unlinked[0]
    edge.close()


async def test_frames_of_flows_that_do_not_exist_are_dropped() -> None:
    core = await FakeCore().start()
    edge = await RawEdge.connect(core)
    await edge.prove()

    edge.send(Up(9, 1, 1, b"x"), Credit(9, 4), OPEN)
    await eventually(core.opens)

    assert not [frame for frame in core.frames if isinstance(frame, Up)]
    edge.close()


async def test_payload_needs_an_open_flow_and_credit() -> None:
    async with linked() as (link, owner, core):
        core.is_consuming = False
        core.decide_every = 100
        assert not link.can_send(NEW_FLOW)
        with pytest.raises(LocalProtocolError, match="can_send"):
            link.send(Up(NEW_FLOW, 1, 1, b"x"))
        link.send(Open(NEW_FLOW, "sess_b", "u", is_new=True, is_aware=False, params=b"{}"))
        link.send(Up(NEW_FLOW, 1, 1, bytes(FLOW_CREDIT_BYTES * 2)))
        assert not link.can_send(NEW_FLOW)
        with pytest.raises(LocalProtocolError, match="can_send"):
            link.send(Up(NEW_FLOW, 2, 1, b"x"))
        with pytest.raises(LocalProtocolError, match="own"):
            link.send(Beat(sent_ns=1))
        await eventually(lambda: core.flows and core.only_flow().last_heard == 1)

        core.links[0].consumed(NEW_FLOW, FLOW_CREDIT_BYTES * 2)
        await eventually(lambda: owner.clear == [NEW_FLOW])

        assert link.can_send(NEW_FLOW)
        link.forget(NEW_FLOW)
        assert not link.can_send(NEW_FLOW)


async def test_a_peer_that_reads_slowly_stops_all_flows_and_one_that_does_not_read_loses_the_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("segue.adapters.trunk.outbox.OUTBOX_BYTES_MAX", OUTBOX_HIGH_BYTES * 4)
    async with linked() as (link, owner, core):
        core.links[0]._transport.pause_reading()  # type: ignore[attr-defined]
        number = 100
        while link.can_send(number) or number == 100:
            number += 1
            link.send(Open(number, f"sess_{number}", "u", is_new=True, is_aware=False, params=b"{}"))
            link.send(Up(number, 1, 1, bytes(FLOW_CREDIT_BYTES // 2)))
            await asyncio.sleep(0)
        core.links[0]._transport.resume_reading()  # type: ignore[attr-defined]
        await eventually(lambda: None in owner.clear)
        assert link.can_send(number)

        core.links[0]._transport.pause_reading()  # type: ignore[attr-defined]
        big = Open(1, "sess_c", "u", is_new=True, is_aware=False, params=bytes(FLOW_CREDIT_BYTES))
        for flow in range(10_000, 10_100):
            link.send(Open(flow, big.session, "u", is_new=True, is_aware=False, params=big.params))
        await link.wait_closed()

        assert "does not read" in owner.unlinked[0]


async def test_downlink_is_credited_too() -> None:
    async with linked() as (link, owner, core):
        link.send(OPEN)
        await eventually(lambda: core.flows)
        flow = core.only_flow()
        for _ in range(30):
            core.send_down(flow, bytes(FLOW_CREDIT_BYTES // 4))
        await eventually(lambda: len([frame for frame in owner.frames if isinstance(frame, Down)]) == 4)
        assert len(flow.outbox) == 26

        link.consumed(1, FLOW_CREDIT_BYTES)

        await eventually(lambda: len([frame for frame in owner.frames if isinstance(frame, Down)]) == 8)


async def test_a_link_in_tls(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=core", "-keyout", str(key), "-out", str(cert)]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(cert, key)
    core, owner = await FakeCore().start(tls=server_tls), Owner()
    address, trust = TrunkAddress(host="127.0.0.1", port=core.port), ssl.create_default_context(cafile=cert)

    link = await dial_trunk(address, identity(), peer_role=CORE, handler=owner, clock=SystemClock(), tls=trust)
    link.send(OPEN)
    await eventually(lambda: core.flows)
    link.close("done")
    await link.wait_closed()

    distrust = ssl.create_default_context()
    with pytest.raises(TrunkUnavailable, match="certificate verify failed"):
        await dial_trunk(address, identity(), peer_role=CORE, handler=owner, clock=SystemClock(), tls=distrust)
    with pytest.raises(TrunkUnavailable):
        await dial(core, owner)
