"""The commands: flags become the configuration's layers, ends become exit statuses and one line of words."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from segue.cli import app as commands
from segue.cli.app import CONFIG_STATUS, INTERRUPTED_STATUS, run
from segue.cli.call import CallOrder
from segue.model.errors import ConfigError, JournalTooNew, ProviderError


class Order:
    """Stands for a command's work: keeps what it was given, ends as it was told."""

    def __init__(self, outcome: "int | BaseException | None" = None) -> None:
        self.outcome = outcome
        self.given: tuple[Any, ...] = ()
        self.named: Mapping[str, Any] = {}

    async def __call__(self, *given: Any, **named: Any) -> int | None:
        self.given, self.named = given, named
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> Order:
    order = Order()
    monkeypatch.setattr("segue.cli.up.run_up", order)
    return order


class TestStatus:
    def test_done_is_zero(self, up: Order) -> None:
        assert run(["up"]) == 0

    def test_a_command_s_own_status_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("segue.cli.demo.run_demo", Order(1))
        assert run(["demo"]) == 1

    @pytest.mark.parametrize(
        ("error", "status", "says"),
        [
            (ConfigError("edge.port", "is taken", hint="use --port"), CONFIG_STATUS, "edge.port: is taken; use --port"),
            (JournalTooNew(found=9, supported=1, where="j"), CONFIG_STATUS, "journal version 9 is newer"),
            (ProviderError("hub", "is away", retryable=True), 1, "hub: is away"),
            (ExceptionGroup("tasks", [ConfigError("a", "[b]"), ValueError()]), CONFIG_STATUS, "a: [b]"),
        ],
    )
    def test_an_error_of_ours_is_one_line(
        self, up: Order, capsys: pytest.CaptureFixture[str], error: Exception, status: int, says: str
    ) -> None:
        up.outcome = error
        assert run(["up"]) == status
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert line.startswith("segue: ")
        assert says in line

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), BaseExceptionGroup("tasks", [KeyboardInterrupt()])])
    def test_ctrl_c_is_130_and_silent(
        self, up: Order, capsys: pytest.CaptureFixture[str], error: BaseException
    ) -> None:
        up.outcome = error
        assert run(["up"]) == INTERRUPTED_STATUS == 130
        assert capsys.readouterr() == ("", "")

    def test_ctrl_c_in_an_install_is_130_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def stopped(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("segue.cli.models.install", stopped)
        assert run(["models", "install"]) == INTERRUPTED_STATUS

    def test_our_bug_is_not_made_up_for(self, up: Order) -> None:
        up.outcome = AssertionError("a bug")
        with pytest.raises(AssertionError, match="a bug"):
            run(["up"])

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["cal"], "No such command 'cal'"),
            (["call"], "Missing argument"),
            (["up", "--prot", "1"], "No such option"),
            (["up", "--port", "many"], "--port"),
            (["call", "hi", "--calls", "0"], "--calls"),
            (["trace", "x", "--turn", "0"], "--turn"),
        ],
    )
    def test_a_usage_error_is_two(self, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
        assert run(arguments) == 2
        text = capsys.readouterr().err
        assert says in text
        assert text.startswith("Usage: segue")

    def test_nothing_typed_is_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run([]) == 2
        assert "Usage" in capsys.readouterr().out


class TestHelp:
    @pytest.mark.parametrize(
        "command",
        [
            "up",
            "edge",
            "core",
            "call",
            "demo",
            "trace",
            "doctor",
            "init",
            "models install",
            "models list",
            "config show",
        ],
    )
    def test_it_fits_eighty_columns_and_cuts_nothing(
        self, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        assert run([*command.split(), "--help"]) == 0
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) <= 80
        assert "…" not in text

    def test_call_shows_examples(self, capsys: pytest.CaptureFixture[str]) -> None:
        run(["call", "--help"])
        assert 'segue call "Hello, who are you?"' in capsys.readouterr().out


class TestFlags:
    def test_up_names_its_agent_and_its_layers(self, up: Order) -> None:
        run(["up", "a.py", "--config", "c.toml", "--state", "s", "--host", "::1", "--port", "9"])
        agent, config, flags, _ = up.given
        assert (agent, config) == (Path("a.py"), Path("c.toml"))
        assert flags == {"state": {"dir": "s"}, "edge": {"host": "::1", "port": 9}}

    def test_what_is_not_given_is_left_to_the_other_layers(self, up: Order) -> None:
        run(["up"])
        assert up.given[:3] == (None, None, {"state": {"dir": None}, "edge": {"host": None, "port": None}})

    def test_edge_takes_several_cores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        order = Order()
        monkeypatch.setattr("segue.cli.edge_role.run_edge_role", order)
        run(["edge", "--core", "a:1", "--core", "b:2"])
        assert order.given[1]["edge"]["cores"] == ["a:1", "b:2"]
        run(["edge"])
        assert order.given[1]["edge"]["cores"] is None

    def test_core_has_its_own_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        order = Order()
        monkeypatch.setattr("segue.cli.core_role.run_core_role", order)
        run(["core", "a.py", "--listen", "0.0.0.0:1"])
        assert order.given[0] == Path("a.py")
        assert order.given[2]["core"] == {"listen": "0.0.0.0:1"}

    def test_demo_kills_and_stays_unless_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        order = Order(0)
        monkeypatch.setattr("segue.cli.demo.run_demo", order)
        run(["demo"])
        assert order.named == {"kills": True, "stays": True}
        run(["demo", "--no-kill", "--no-stay"])
        assert order.named == {"kills": False, "stays": False}

    def test_trace_asks_for_a_turn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        order = Order()
        monkeypatch.setattr("segue.cli.trace.run_trace", order)
        run(["trace", "sess_x", "--turn", "3"])
        assert order.given[:2] == ("sess_x", 3)

    def test_doctor_s_verdict_is_the_status(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("segue.cli.doctor.run_doctor", lambda *_: 1)
        assert run(["doctor"]) == 1

    def test_models_are_listed_with_their_measure_if_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Any] = []
        monkeypatch.setattr("segue.cli.models.list_models", lambda _, factors: seen.append(factors))
        monkeypatch.setattr("segue.cli.models.measured_factors", Order())
        run(["models", "list"])
        assert seen == [None]

    def test_models_are_installed_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Any] = []
        monkeypatch.setattr("segue.cli.models.install", lambda names, _: seen.append(names))
        run(["models", "install", "hibari", "hf:a/b/c"])
        run(["models", "install"])
        assert seen == [["hibari", "hf:a/b/c"], []]

    def test_config_show_and_init_do_what_they_say(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["config", "show"]) == 0
        assert "[edge]" in capsys.readouterr().out
        assert run(["init", "mine.py"]) == 0
        assert "segue up mine.py" in capsys.readouterr().out
        assert "Agent(" in Path("mine.py").read_text()


class TestCall:
    @pytest.fixture
    def call(self, monkeypatch: pytest.MonkeyPatch) -> Order:
        order = Order(0)
        monkeypatch.setattr("segue.cli.call.run_call", order)
        return order

    def order(self, call: Order) -> CallOrder:
        order, console = call.given
        assert isinstance(order, CallOrder)
        assert isinstance(console, Console)
        return order

    def test_flags_become_the_order(self, call: Order) -> None:
        given = ["--url", "http://a", "--url", "http://b", "--token", "sk-1", "--out", "o.wav", "--json", "o.json"]
        more = ["--calls", "3", "--rate", "2", "--barge-in", "800", "--wait-for-greeting"]
        assert run(["call", "one", "two.wav", *given, *more]) == 0
        assert self.order(call) == CallOrder(
            lines=["one", "two.wav"],
            urls=["http://a", "http://b"],
            token="sk-1",
            out=Path("o.wav"),
            json_path=Path("o.json"),
            calls=3,
            rate_per_s=2.0,
            barge_in_ms=800,
            waits_for_greeting=True,
        )

    def test_without_a_token_there_is_nothing_to_call_with(
        self, call: Order, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["call", "hi"]) == CONFIG_STATUS
        assert "SEGUE_API_KEY" in capsys.readouterr().err
        assert not Path(".segue").exists()

    def test_the_environment_may_hold_the_token(self, call: Order, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEGUE_API_KEY", "sk-env")
        run(["call", "hi"])
        assert self.order(call).token == "sk-env"

    def test_where_segue_up_runs_nothing_needs_to_be_said(self, call: Order) -> None:
        Path("segue.json").write_text(json.dumps({"edge": {"port": 9000, "api_keys": ["sk-configured"]}}))
        run(["call", "hi", "--config", "segue.json"])
        assert (self.order(call).urls, self.order(call).token) == (["http://localhost:9000"], "sk-configured")


def test_the_statuses_are_those_of_sysexits_and_shells() -> None:
    assert (commands.CONFIG_STATUS, commands.INTERRUPTED_STATUS) == (78, 130)
