"""The graph's support for a rationale: names and hops of the row's paths that it says."""

from dataset_builder.stages.support_rationales import support_rationales


def test_a_hop_counts_where_both_ends_are_named() -> None:
    paths = [{"names": ["Podagra", "gout", "Uric acid"]}, {"names": ["Podagra", "gout", "ABCG2"]}]
    texts = ["Podagra is the sign of Gout.", "Uric acid, ABCG2, gout and podagra.", "Goutier, podagras.", ""]
    columns = support_rationales({"paths": [paths], "rationales": [[{"text": text} for text in texts]]})
    assert [(s["names"], s["hops"], s["of"]) for s in columns["support"][0]] == [
        (2, 1, 3),
        (4, 3, 3),
        (0, 0, 3),
        (0, 0, 3),
    ]
