"""What an operator runs and asks: trace, config, doctor, probes, metrics, logs without speech, a clean stop."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import ENERGY_ONLY, RunningSegue, children_of, free_ports, status_of, wait_until

pytestmark = [pytest.mark.models, pytest.mark.timeout(150)]

LINES = ("Hello, who are you?", "My name is Ada.")


@dataclass(frozen=True)
class Held:
    """A call that was held before the operator looked."""

    session_id: str
    texts: list[str]


@pytest.fixture(scope="module")
def call(segue: RunningSegue, tmp_path_factory: pytest.TempPathFactory) -> Held:
    report = tmp_path_factory.mktemp("call") / "call.json"
    done = segue.cli("call", *LINES, "--url", segue.url, "--token", segue.api_key, "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    (held,) = json.loads(report.read_text())["calls"]
    return Held(held["session_id"], [entry["text"] for entry in held["transcript"]])


def test_trace_draws_past_turns_from_the_journal(segue: RunningSegue, call: Held) -> None:
    state = ("--state", str(segue.state))
    listed = segue.cli("trace", *state)
    assert listed.returncode == 0, listed.stderr
    assert call.session_id in listed.stdout
    drawn = segue.cli("trace", call.session_id, *state)
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout.count("voice-to-voice ") >= 2
    for text in call.texts:
        assert text in drawn.stdout
    assert "endpointing" in drawn.stdout
    one = segue.cli("trace", call.session_id, "--turn", "2", *state)
    assert one.stdout.count("voice-to-voice ") == 1
    none = segue.cli("trace", call.session_id, "--turn", "9", *state)
    assert none.returncode == 78
    assert "turn 9" in none.stderr
    absent = segue.cli("trace", "sess_aaaaaaaaaaaaa", *state)
    assert (absent.returncode, absent.stdout) == (78, "")


def test_metrics_count_what_happened(segue: RunningSegue, call: Held) -> None:
    edge, core = segue.get("/metrics"), segue.get("/metrics", of="core")
    assert metric(edge, "segue_edge_up_messages_total") > 100
    assert metric(edge, "segue_edge_cores_linked") == 1
    assert metric(edge, "segue_edge_up_residence_seconds_count") > 100
    assert metric(core, "segue_turns_total") >= len(LINES)
    assert metric(core, 'segue_responses_total{status="completed"}') >= len(LINES)
    assert metric(core, "segue_voice_to_voice_seconds_count") >= len(LINES)
    assert metric(core, 'segue_hop_seconds_count{hop="endpointing"}') >= len(LINES)
    assert metric(core, "segue_journal_rows_total") > 20


def test_logs_name_sessions_and_never_what_was_said(segue: RunningSegue, call: Held) -> None:
    assert call.session_id in segue.log
    for text in call.texts:
        assert text not in segue.log
    assert segue.api_key not in segue.log


def test_probes(segue: RunningSegue) -> None:
    assert json.loads(segue.get("/healthz"))["status"] == "ok"
    assert json.loads(segue.get("/readyz"))["status"] == "ready"
    assert segue.get("/healthz", of="core") == "ok\n"
    assert segue.get("/readyz", of="core") == "ready\n"


def test_config_show_names_each_source_and_no_secret(segue: RunningSegue) -> None:
    shown = segue.cli("config", "show", "--config", str(segue.config))
    assert shown.returncode == 0, shown.stderr
    assert f"{segue.port}" in shown.stdout
    assert str(segue.config) in shown.stdout
    assert segue.api_key not in shown.stdout
    assert (segue.state / "fleet.key").read_text().strip() not in shown.stdout


def test_doctor_says_what_is_here(segue: RunningSegue, tmp_path: Path) -> None:
    done = segue.cli("doctor", "--state", str(tmp_path / "new"))
    assert "Python" in done.stdout
    assert "native part" in done.stdout
    assert "silero" in done.stdout.lower() or "models" in done.stdout.lower()
    assert not (tmp_path / "new").exists(), "doctor changes nothing"


def test_readiness_follows_the_core(tmp_path: Path) -> None:
    with RunningSegue(tmp_path, config=ENERGY_ONLY) as segue:
        segue.signal("core", signal.SIGSTOP)
        try:
            wait_until(lambda: status_of(f"{segue.url}/readyz") == 503, "the edge to notice", 5)
            assert status_of(f"{segue.url}/healthz") == 200
        finally:
            segue.signal("core", signal.SIGCONT)
        wait_until(lambda: status_of(f"{segue.url}/readyz") == 200, "the edge to trust the core again", 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with RunningSegue(tmp_path, config=ENERGY_ONLY) as segue:
        children = children_of(segue.up.process.pid)
        assert len(children) == 2
        os.kill(segue.up.process.pid, number)
        segue.up.process.wait(10)
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()], segue.log
        assert "Traceback" not in segue.log, segue.log
        assert segue.up.process.returncode in (0, 130), segue.log


def test_killing_the_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    with RunningSegue(tmp_path, config=ENERGY_ONLY) as segue:
        children = children_of(segue.up.process.pid)
        os.kill(segue.up.process.pid, signal.SIGKILL)
        segue.up.process.wait(5)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the roles to end", 5)


def test_the_roles_run_alone_too(tmp_path: Path) -> None:
    """`segue core` and `segue edge`, started apart and in the wrong order, find each other."""
    from tests.support.processes import CLI, Child

    port, trunk = free_ports(2)
    state = ("--state", str(tmp_path / "state"))
    edge = [*CLI, "edge", *state, "--port", str(port), "--core", f"127.0.0.1:{trunk}"]
    core = [*CLI, "core", *state, "--listen", f"127.0.0.1:{trunk}"]
    quiet = {"SEGUE_USE__VAD": "energy", "SEGUE_USE__WARM": "false", "SEGUE_CORE__OPS": ""}
    with Child(edge, tmp_path / "edge.log"):
        wait_until(lambda: status_of(f"http://127.0.0.1:{port}/healthz") == 200, "the edge", 20)
        assert status_of(f"http://127.0.0.1:{port}/readyz") == 503
        with Child(core, tmp_path / "core.log", env=quiet):
            wait_until(lambda: status_of(f"http://127.0.0.1:{port}/readyz") == 200, "the core", 20)


def metric(text: str, name: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[-1])
