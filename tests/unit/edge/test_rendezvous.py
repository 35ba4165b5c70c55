from segue.edge.rendezvous import rank_cores

CORES = [f"10.0.0.{n}:7070" for n in range(5)]
SESSIONS = [f"sess_{n}" for n in range(1000)]


def test_all_edges_rank_alike_whatever_the_order_of_their_configuration() -> None:
    assert rank_cores("sess_a", CORES) == rank_cores("sess_a", reversed(CORES))
    assert sorted(rank_cores("sess_a", CORES)) == CORES


def test_sessions_spread_evenly() -> None:
    firsts = [rank_cores(session, CORES)[0] for session in SESSIONS]

    assert all(140 < firsts.count(core) < 260 for core in CORES)


def test_losing_a_core_moves_its_sessions_only() -> None:
    left = CORES[1:]

    for session in SESSIONS:
        before, after = rank_cores(session, CORES), rank_cores(session, left)
        assert after == [core for core in before if core in left]


def test_no_core_is_no_choice() -> None:
    assert rank_cores("sess_a", []) == []
