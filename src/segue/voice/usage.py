"""Token counts for clients that want them, where no provider counted.

Rough on purpose: nothing is billed by these. Rates are those clients know from OpenAI's audio models.
"""

from typing import Final

from segue.wire.realtime.items import InputTokenDetails, OutputTokenDetails, Usage


def text_tokens(text: str) -> int:
    """About how many tokens a text is: one for every four UTF-8 bytes, at least one for any text."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def response_usage(
    *, input_text_tokens: int = 0, input_audio_ms: int = 0, output_text_tokens: int = 0, output_audio_ms: int = 0
) -> Usage:
    """What one response took and gave. Every field is a number: some clients drop the event over a null."""
    input_audio = _audio_tokens(input_audio_ms, INPUT_MS_PER_TOKEN)
    output_audio = _audio_tokens(output_audio_ms, OUTPUT_MS_PER_TOKEN)
    input_tokens = input_text_tokens + input_audio
    output_tokens = output_text_tokens + output_audio
    return Usage(
        total_tokens=input_tokens + output_tokens,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        input_token_details=InputTokenDetails(text_tokens=input_text_tokens, audio_tokens=input_audio),
        output_token_details=OutputTokenDetails(text_tokens=output_text_tokens, audio_tokens=output_audio),
    )


def _audio_tokens(duration_ms: int, ms_per_token: int) -> int:
    return -(-max(duration_ms, 0) // ms_per_token)


BYTES_PER_TOKEN: Final = 4
INPUT_MS_PER_TOKEN: Final = 100
OUTPUT_MS_PER_TOKEN: Final = 50
