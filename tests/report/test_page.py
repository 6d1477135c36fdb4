"""The page in a browser: what it finds, opens and draws, and that no text of a row does anything."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.prompt import path_line
from tests.report.conftest import Report, Row, manifest_of, rows_of, with_relevance
from tests.support.llm_server.running import running

ROOT = Path(__file__).parents[2]
Open = Callable[..., Report]
Plant = Callable[[Callable[[list[Row]], list[Row]]], Path]
HOSTILE = [
    "<script>window.harm = 1</script>",
    "</script><script>window.harm = 2</script>",
    "<img src=x onerror='window.harm = 3'>",
    "<!-- --> <svg onload=window.harm=4> ]]> \u2028 \u2029 \x00 &lt;b&gt; ${harm} {{ harm }} </style>",
    "\U0001f9ec\U0001f9ec a gene, \u202e backwards, e\u0301",
]


def test_search_and_filters_find_what_the_files_hold(opened: Open, sample: Path) -> None:
    rows, report = rows_of(sample), opened(sample)
    assert report.found() == len(rows) == 76
    outcomes = Counter(row["rejected_because"] or "published" for row in rows)
    assert report.facets("outcome") == outcomes

    def text(row: Row) -> str:
        options = (option["text"] for option in row["options"])
        return "\n".join([row["id"], row["question"], row["answer"] or "", *options]).lower()

    for words in ("gout", "year-old woman", "WHICH drug", "nothing asks this"):
        expected = sum(all(word in text(row) for word in words.lower().split()) for row in rows)
        assert report.search(words) == expected, words
    assert report.search("") == 76
    assert report.choose("outcome", "negative_stem") == outcomes["negative_stem"]
    assert report.choose("outcome", "published") == outcomes["published"]
    hops = Counter(str(min(path["length"] for path in row["paths"])) for row in rows if not row["rejected_because"])
    assert report.facets("hops") == hops, "a filter counts the rows that its value would show"
    assert report.choose("hops", "2") == hops["2"]
    titles = report.page.locator("#list .title").all_text_contents()
    assert len(titles) == hops["2"]
    report.page.click("#clear")
    assert report.found() == 76
    report.page.check("#everywhere")
    inside = sum("phenotype present" in (row["rationale"] or "") for row in rows)
    assert report.search("phenotype present") >= inside > 5
    kept = report.page.url.split("#")[1]
    assert opened(sample, f"#{kept}").found() == report.found(), "the address keeps the view"


def test_a_row_opens_with_its_question_rationale_and_paths(opened: Open, planted: Plant) -> None:
    report, rows = opened(folder := planted(with_relevance)), rows_of(folder)
    number = next(i for i, row in enumerate(rows) if row["paths"] and len(row["paths"]) > 1 and row["options"])
    row, detail = rows[number], report.open(number)
    assert detail.locator(".question").text_content() == row["question"]
    assert detail.locator(".rationale").text_content() == row["rationale"]
    assert detail.locator(".options li").count() == len(row["options"])
    assert detail.locator(".gold").text_content() == f"{row['answer_label']}{row['answer']}✓ gold"
    lines = [line.split(" · ") for line in detail.locator(".paths li").all_text_contents()]
    assert [line[0] for line in lines] == [path_line(path) for path in row["paths"]]
    assert lines[0][1] == "relevance 0.26" and "relevance" not in lines[1][1], "none is shown where none is known"
    nodes = {node: name for path in row["paths"] for node, name in zip(path["nodes"], path["names"], strict=True)}
    drawn = detail.locator("svg .node title").all_text_contents()
    assert sorted(title.rsplit(" (")[0] for title in drawn) == sorted(nodes.values())
    pairs = {frozenset(pair) for path in row["paths"] for pair in zip(path["nodes"], path["nodes"][1:], strict=False)}
    assert detail.locator("svg .edge").count() == detail.locator("svg .relation").count() == len(pairs)
    mentioned = {m["text"] for m in row["mentions"] if m["place"] == "question"}
    assert set(detail.locator(".mention").all_text_contents()) == mentioned
    detail.locator("xpath=../button").click()
    assert report.page.locator(".detail").count() == 0


@pytest.mark.parametrize("width", [1160, 360])
def test_every_row_fits_the_screen_and_every_graph_has_its_nodes_apart(opened: Open, sample: Path, width: int) -> None:
    report = opened(sample, viewport={"width": width, "height": 900})
    drawn, faults = report.page.evaluate(FAULTS)
    assert drawn == sum(bool(row["paths"]) for row in rows_of(sample))
    assert faults == []


# opens all rows one after the other; graphs drawn, and what lies over another node, out of its box, or beyond the screen
FAULTS = """async () => {
  const faults = [], host = make("div");
  document.querySelector("main").append(host);
  let drawn = 0;
  for (let i = 0; i < total; i++) {
    host.replaceChildren(...details(...(await rowAt(i)), Math.min(996, innerWidth - 40)));
    drawn += host.querySelectorAll(".graph svg").length;
    if (document.documentElement.scrollWidth > innerWidth) faults.push(`row ${i} is wider than the screen`);
    const nodes = [...host.querySelectorAll(".graph .node")], box = (node) => node.querySelector("rect").getBoundingClientRect();
    nodes.forEach((node, n) => {
      const a = box(node);
      for (const b of nodes.slice(0, n).map(box)) if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) faults.push(`row ${i}: nodes over each other`);
      for (const text of node.querySelectorAll("text")) if (text.getBoundingClientRect().width > a.width) faults.push(`row ${i}: ${text.textContent}`);
    });
  }
  host.remove();
  return [drawn, faults];
}"""


def test_no_text_of_a_row_is_read_as_html(opened: Open, planted: Plant) -> None:
    def plant(rows: list[Row]) -> list[Row]:
        for row, text in zip(rows, HOSTILE, strict=False):
            row |= {
                "question": f"{text} {row['question']}",
                "rationale": f"**{text}**\n{text}",
                "context": text,
                "mentions": None,
            }
            row |= {"gold_text": text, "options": [{"label": "A", "text": text}], "answer_label": "A", "answer": text}
            for path in row["paths"]:
                path["names"] = [text] * len(path["names"])
                for hop in path["hops"]:
                    hop[0] |= {"display_relation": text, "statement": text}
        return rows

    report = opened(planted(plant))
    for number, text in enumerate(HOSTILE):
        detail = report.open(number)
        assert text in (detail.locator(".question").text_content() or "")
        assert f"**{text}**\n{text}" == detail.locator(".rationale").text_content()
        assert detail.locator(".options li span").nth(1).text_content() == text
    assert report.search("onerror='window.harm") == 1
    assert report.page.evaluate("window.harm") is None
    assert report.page.locator("img, iframe, object, link").count() == 0


def test_the_policy_refuses_what_is_not_of_the_page(opened: Open, sample: Path) -> None:
    report = opened(sample)
    report.page.evaluate(
        """() => { const s = document.createElement("script"); s.textContent = "window.harm = 1"; document.body.append(s);
        const i = new Image(); i.src = "http://127.0.0.1:9/x.png"; document.body.append(i); }"""
    )
    report.page.wait_for_timeout(200)
    assert report.page.evaluate("window.harm") is None
    refused = " ".join(report.errors)
    assert "script-src" in refused and "127.0.0.1" in refused
    report.errors.clear()
    report.requests.remove("http://127.0.0.1:9/x.png")  # tried, and refused


def claim(text: str, sentence: str, verdict: str, **more: Any) -> Row:
    start = text.index(sentence)
    sides = {f"{end}{what}": None for end in ("from", "to") for what in ("", "_start", "_end")}
    named = {"from_name": "Podagra", "to_name": "gout", "stated": "phenotype present", "negated": False}
    place = {"rationale": None, "start": start, "end": start + len(sentence), "by": "edge", "graph": None}
    return sides | named | place | {"verdict": verdict} | more


def test_claims_are_marked_where_they_stand(opened: Open, planted: Plant) -> None:
    text = "\U0001f9ec Gout shows podagra. Colchicine never helps. It may rain. Nobody knows."

    def plant(rows: list[Row]) -> list[Row]:
        checks = [
            claim(text, "Gout shows podagra.", "supported"),
            claim(
                text, "Colchicine never helps.", "contradicted", negated=True, graph="Colchicine is indicated for gout"
            ),
            claim(text, "Colchicine never helps.", "supported"),
            claim(text, "Nobody knows.", "unknown", mode="hedged"),
        ]
        for row in rows:
            row |= {"hop_checks": [], "support": None, "support_share": None}
        rows[2] |= {"rationale": text, "hop_checks": checks, "support_share": 0.5}
        return rows

    report = opened(planted(plant))
    assert report.choose("contradiction", "yes") == 1
    detail = report.open(0)
    marks = [(mark.get_attribute("class"), mark.text_content()) for mark in detail.locator(".rationale mark").all()]
    assert marks == [
        ("supported", "Gout shows podagra."),
        ("contradicted", "Colchicine never helps."),
        ("unknown", "Nobody knows."),
    ]
    assert detail.locator(".rationale").text_content() == text
    assert "Podagra · not phenotype present · gout (graph: Colchicine is indicated for gout)" in detail.text_content()
    assert "Podagra · phenotype present · gout (supposed)" in detail.text_content()
    assert "50 % supported" in (report.page.locator("#list .meta").first.text_content() or "")


@pytest.mark.slow
def test_a_folder_of_several_rationales(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, names = tmp_path / "several", ["weak", "fair", "strong", "judge", "editor"]
    models = ["--writers", "weak,fair,strong", "--judge", "judge", "--editor", "editor", "--rows", "25", "--grounded"]
    models += [word for name in names for word in ("--price", f"{name}=1/2")]
    with running(error="weak:0.6,fair:0.4,strong:0.2,editor:0.3", hard=0.3) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        # in a process of its own: a loop of asyncio runs here for the browser
        command = [sys.executable, "-m", "dataset_builder", "build", "reasonmed", *models, "--out", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    rows, report = rows_of(folder), opened(folder)
    tiers = Counter(row["tier"] for row in rows if row["tier"])
    assert report.facets("tier") == tiers and len(tiers) > 1
    number, row = next((i, row) for i, row in enumerate(rows) if len(row["rationales"] or ()) == 2 and row["refined"])
    detail = report.open(number)
    assert detail.locator(".rationale").all_text_contents() == [r["text"] for r in row["rationales"]]
    said = detail.text_content() or ""
    assert f"All texts written ({len(row['candidates']) + len(row['refined'])})" in said
    assert f"logic {row['scores'][0]['logic']}, " in said and row["responses"][0] in said
    assert [s.text_content() for s in detail.locator(".sample strong").all()][:2] == [
        f"sample {i}, weak, temperature {t}" for i, t in ((1, 0.7), (2, 0.9))
    ]
    cost = sum(s["calls"]["now"]["usd"] for s in manifest_of(folder)["run"]["stages"] if "calls" in s)
    assert f"${cost:.4f}" in (report.page.text_content("header") or "")
    hit = row["candidates"][1]["text"].split("\n")[-3]
    report.page.check("#everywhere")
    assert report.search(hit) >= 1


@pytest.mark.slow
def test_all_can_be_done_with_the_keyboard(opened: Open, sample: Path) -> None:
    report = opened(sample)
    report.page.focus("#search")
    report.page.keyboard.type("gout")
    report.wait("location.hash.includes('q=gout')")
    shown = report.found()
    for _ in range(12):
        report.page.keyboard.press("Tab")
        if report.page.evaluate("document.activeElement.className") == "row":
            break
    assert report.page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    report.page.keyboard.press("Enter")
    report.page.locator(".detail .links").wait_for()
    assert report.page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert shown > 1
    unnamed = report.page.evaluate(
        """() => [...document.querySelectorAll("input, select, button, [role=img], [role=region], nav")].filter((e) =>
        !e.labels?.length && !e.getAttribute("aria-label") && !e.textContent.trim()).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(opened: Open, planted: Plant, scheme: str) -> None:
    text = "A. B. C. D."

    def plant(rows: list[Row]) -> list[Row]:
        for row in rows:
            checks = [
                claim(text, s, v)
                for s, v in zip(("A.", "B.", "C."), ("supported", "contradicted", "unknown"), strict=True)
            ]
            row |= {"rationale": text, "hop_checks": checks, "support": None, "support_share": 0.3}
        return rows

    report = opened(planted(plant), color_scheme=scheme)
    report.open(0)
    assert report.page.evaluate(CONTRAST) == []


# every visible text against the nearest background below it (WCAG 2: relative luminance, 4.5 to 1)
CONTRAST = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => { const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const found = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !element.getClientRects().length || element.closest("option, script, style, noscript, :disabled")) continue;
    const svg = element.closest("svg");
    const ink = parse(getComputedStyle(element)[svg ? "fill" : "color"]);
    let below = element, paper = [0, 0, 0, 0];
    while (below && (paper = parse(getComputedStyle(below).backgroundColor))[3] === 0) below = below.parentElement;
    if (svg && element.closest(".node")) paper = parse(getComputedStyle(element.closest(".node").querySelector("rect")).fill);
    if (!below) paper = parse(getComputedStyle(document.body).backgroundColor);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.add(`${element.tagName}.${element.className.baseVal ?? element.className}: ${ink} on ${paper}`);
  }
  return [...found];
}"""
