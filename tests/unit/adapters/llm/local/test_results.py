import pytest

from segue.adapters.llm.local.results import is_failure, say_result


@pytest.mark.parametrize(
    ("output", "spoken"),
    [
        ("", "That's done."),
        ("true", "That's done."),
        ("false", "I'm sorry, that didn't work."),
        ("the door is open", "The door is open."),
        ('"done and dusted"', "Done and dusted."),
        ('{"message": "Your table is booked"}', "Your table is booked."),
        ('{"ok": true, "code": "K7"}', "That's done. Code: K7."),
        ('{"temperature": "18 degrees", "start_time": "19:30"}', "Temperature: 18 degrees. Start time: 7:30 pm."),
        ('{"error": "no table left"}', "I'm sorry, that didn't work. No table left."),
        ('{"error": {"message": "full"}}', "I'm sorry, that didn't work. Full."),
        ('{"booked": false}', "I'm sorry, that didn't work."),
        ('["tea", "coffee"]', "I found tea and coffee."),
        ("[]", "I found nothing."),
        ("42", "42."),
    ],
)
def test_spoken(output: str, spoken: str) -> None:
    assert say_result(output) == spoken


def test_unknown_outcomes_are_named() -> None:
    assert "can't tell whether" in say_result('{"outcome": "unknown"}')


def test_long_results_are_cut_at_a_word() -> None:
    spoken = say_result("word " * 300)
    assert len(spoken) <= 401
    assert spoken.endswith("word.")


@pytest.mark.parametrize(
    ("output", "failed"),
    [
        ('{"error": "x"}', True),
        ('{"status": "failed"}', True),
        ("error: x", True),
        ('{"ok": true}', False),
        ("ok", False),
    ],
)
def test_failures(output: str, failed: bool) -> None:
    assert is_failure(output) is failed
