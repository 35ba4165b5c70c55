from prometheus_client import generate_latest

from segue.edge.metrics import EdgeMetrics


def lines(metrics: EdgeMetrics) -> dict[str, float]:
    text = generate_latest(metrics.registry).decode()
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if not line.startswith("#")}


def test_messages_are_counted_with_their_residence() -> None:
    metrics = EdgeMetrics()
    for residence_ns in (10_000, 50_000, 60_000, 9_000_000_000):
        metrics.up.add(residence_ns)
    metrics.stale_drops += 1

    shown = lines(metrics)

    assert shown["segue_edge_up_messages_total"] == 4
    assert shown["segue_edge_down_messages_total"] == 0
    assert shown["segue_edge_stale_drops_total"] == 1
    assert shown['segue_edge_up_residence_seconds_bucket{le="5e-05"}'] == 2
    assert shown['segue_edge_up_residence_seconds_bucket{le="0.0001"}'] == 3
    assert shown['segue_edge_up_residence_seconds_bucket{le="5.0"}'] == 3
    assert shown['segue_edge_up_residence_seconds_bucket{le="+Inf"}'] == 4
    assert shown["segue_edge_up_residence_seconds_count"] == 4
    assert round(shown["segue_edge_up_residence_seconds_sum"], 5) == 9.00012


def test_two_edges_in_one_process_count_apart() -> None:
    one, other = EdgeMetrics(), EdgeMetrics()
    one.links.inc()

    assert lines(other)["segue_edge_core_links_total"] == 0
