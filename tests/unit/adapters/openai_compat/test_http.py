import pytest

from segue.adapters.openai_compat.http import retry_after_ms


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3_000),
        ({"Retry-After": "1.5"}, 1_500),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 250),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "99999999999"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: int | None) -> None:
    assert retry_after_ms(headers) == expected
