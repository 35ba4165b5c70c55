from segue.voice.customers import AnswerOf, CallOf, EndOfTurn, Interjection, PartOfTurn, SoundOf, is_recorded


def test_only_guesses_about_the_floor_are_not_recorded() -> None:
    assert not is_recorded(EndOfTurn(1))
    assert not is_recorded(Interjection(1))
    assert all(is_recorded(one) for one in (PartOfTurn(0, 1), AnswerOf("r"), SoundOf("r", 0), CallOf("r", "c")))
