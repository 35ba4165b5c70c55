from segue.model.ids import SessionId
from segue.model.time import NS_PER_MS, ClockDomain, MonoNs, ms
from segue.telemetry.clock import ClockSample
from segue.telemetry.marks import Mark, MarkName
from segue.telemetry.relation import ClockFix
from segue.voice import rows
from segue.voice.scribe import Scribe
from segue.voice.timing import CLIENT, TurnTimes

CORE, EDGE = ClockDomain("core"), ClockDomain("edge:a")


def times() -> tuple[TurnTimes, Scribe]:
    scribe = Scribe(SessionId("sess_x"))
    return TurnTimes(scribe, CORE), scribe


def records(scribe: Scribe) -> list[rows.TurnTimed]:
    found = []
    while (output := scribe.poll()) is not None:
        body = rows._DECODER.decode(output.body)  # type: ignore[union-attr]
        assert isinstance(body, rows.TurnTimed)
        found.append(body)
    return found


def test_a_turn_is_recorded_with_hops_that_tile_it() -> None:
    it, scribe = times()
    it.begin("t", "user")
    it.answer("t", "agent")
    sample = ClockSample(t0_ns=ms(100), t1_ns=ms(5_101), t2_ns=ms(5_101), t3_ns=ms(102))
    assert it.sample(sample) is None
    it.mark("user", Mark(name=MarkName.MIC, domain=CLIENT, at_ns=ms(200)))
    for at_ms, name in ((5_300, MarkName.CORE_IN), (5_700, MarkName.ENDPOINT), (5_800, MarkName.CORE_OUT)):
        scribe.now = MonoNs(ms(at_ms))
        it.stamp("t", name)
    it.mark("agent", Mark(name=MarkName.EAR, domain=CLIENT, at_ns=ms(900)))
    assert it.next_deadline() == MonoNs(ms(5_900))
    scribe.now = MonoNs(ms(5_900))
    it.handle_deadline()
    timed = records(scribe)[0]
    assert timed.record.voice_to_voice_ns == 700 * NS_PER_MS
    assert timed.record.span_ns == 700 * NS_PER_MS
    assert timed.stats["voice_to_voice"].n == 1
    assert (timed.record.turn_id, timed.record.item_id) == ("t", "agent")


def test_the_first_mark_of_a_name_counts_until_it_is_forgotten() -> None:
    it, scribe = times()
    it.begin("t", "user")
    it.stamp("t", MarkName.LLM_FIRST)
    scribe.now = MonoNs(ms(5))
    it.stamp("t", MarkName.LLM_FIRST)
    it.stamp("t", MarkName.STT_FINAL)
    scribe.now = MonoNs(ms(7))
    it.restamp("t", MarkName.STT_FINAL)
    it.forget("t", MarkName.LLM_FIRST)
    it.forget("unknown", MarkName.LLM_FIRST)
    it.stamp("t", MarkName.LLM_FIRST)
    it.finish("t")
    scribe.now = MonoNs(ms(60_000))
    it.handle_deadline()
    marks = {mark.name: mark.at_ns for mark in records(scribe)[0].record.marks}
    assert marks == {"stt_final": ms(7), "llm_first": ms(7)}


def test_a_turn_without_marks_leaves_no_record() -> None:
    it, scribe = times()
    it.begin("t", "user")
    it.finish("t")
    scribe.now = MonoNs(ms(60_000))
    it.handle_deadline()
    assert scribe.is_drained


def test_clocks_compared_by_others_are_used_and_bad_samples_named() -> None:
    it, scribe = times()
    it.relate(ClockFix(near=EDGE, far=CORE, near_at_ns=0, far_at_ns=ms(10), bound_ns=1, drift_ppm=0))
    it.begin("t", "user")
    it.mark("user", Mark(name=MarkName.EDGE_IN, domain=EDGE, at_ns=ms(1)))
    scribe.now = MonoNs(ms(12))
    it.stamp("t", MarkName.CORE_IN)
    it.finish("t")
    scribe.now = MonoNs(ms(60_000))
    it.handle_deadline()
    hops = {hop.name: hop.duration_ns for hop in records(scribe)[0].record.hops}
    assert hops == {"edge_trunk_up": ms(1)}
    error = it.sample(ClockSample(t0_ns=9, t1_ns=5, t2_ns=4, t3_ns=10))
    assert error is not None
    assert error.param == "t2_ns"
