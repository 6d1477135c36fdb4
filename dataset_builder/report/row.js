// An opened row. Every text of the data becomes a text node, never HTML.

const ARROWS = { forward: ["—", "→"], backward: ["←", "—"], undirected: ["—", "—"] };
const CLAIM = { supported: "supported", contradicted: "contradicted", off_path: "not on the path", unknown: "unknown" };

function make(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) if (value !== undefined && value !== null) made.setAttribute(key, value);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function details(row, more, width) {
  const questionMentions = (more.mentions || []).filter((mention) => mention.at);
  return [
    more.context ? folded("Context", [make("p", { class: "text" }, more.context)], more.context.length < 1500) : null,
    make("p", { class: "question" }, marked(row.question || "(no question)", questionMentions.map((mention) => ({
      at: mention.at, name: "span", class: `mention${mention.negated || mention.family ? " negated" : ""}`,
      title: [mention.type, mention.negated ? "negated" : "", mention.family ? "of a relative" : "", mention.node ? `→ ${mention.node}` : "no node"].filter(Boolean).join(", "),
    })))),
    answers(row),
    more.rejected_detail ? make("p", { class: "reason" }, make("strong", {}, "Rejected: "), more.rejected_detail) : null,
    ...(more.rationales || []).flatMap((rationale, i) => rationaleOf(rationale, i, more.rationales.length)),
    more.flags && more.flags.length ? make("p", { class: "judged" }, make("strong", {}, "To be doubted: "), more.flags.join("; ")) : null,
    ...(more.paths ? pathsOf(more.paths, width, more.samples ? "to every option" : "to the answer") : []),
    more.restated ? folded("Restated for the search", [make("p", { class: "text" }, `${more.restated.question}\n→ ${more.restated.answer}`)]) : null,
    more.mentions ? folded(`Mentions and nodes (${more.mentions.length})`, [nodesOf(more.mentions)]) : null,
    more.samples ? folded(`All texts written (${more.samples.length})`, more.samples.map(sampleOf)) : null,
    more.explanation ? folded("The source's answer with its explanation", [make("p", { class: "text" }, more.explanation)]) : null,
    more.reference ? folded("The source's own rationale", [make("p", { class: "text" }, more.reference)]) : null,
    make("p", { class: "links" }, make("code", {}, row.id), make("span", {}, `${more.source}${more.config ? ` / ${more.config}` : ""}, ${more.split}, row ${more.source_row}`), make("span", {}, `license: ${more.license}`)),
  ].filter(Boolean);
}

function answers(row) {
  if (!row.options.length) return make("p", { class: "open" }, make("strong", {}, "Answer: "), row.answer || "(none)");
  return make("ol", { class: "options" }, row.options.map(([label, text]) => {
    const gold = label === row.answer_label;
    return make("li", { class: gold ? "gold" : undefined }, make("span", {}, label), make("span", {}, text), gold ? make("em", {}, "✓ gold") : null);
  }));
}

function rationaleOf(rationale, number, several) {
  const title = several > 1 || rationale.model ? `Rationale ${several > 1 ? number + 1 : ""}` : "Rationale";
  const facts = [rationale.model, rationale.rounds ? `refined ${rationale.rounds} ×` : null].filter(Boolean).join(", ");
  const spans = rationale.claims.map((claim) => ({ at: claim.at, name: "mark", class: claim.verdict, title: `${CLAIM[claim.verdict] || claim.verdict}: ${claim.says}` }));
  return [
    make("h4", {}, facts ? `${title.trim()}, ${facts}` : title),
    make("div", { class: "rationale" }, marked(rationale.text, [...worst(spans), ...bold(rationale.text)])),
    rationale.verdict ? verdictOf(rationale.verdict) : null,
    rationale.claims.length ? claimsOf(rationale.claims) : null,
    rationale.support && rationale.support.of ? make("p", { class: "judged quiet" }, `States ${rationale.support.hops} of ${rationale.support.of} hops of the paths.`) : null,
    rationale.scores && rationale.scores.score !== null ? scoresOf(rationale.scores) : null,
    rationale.response ? folded("Response", [make("p", { class: "text" }, rationale.response)]) : null,
  ].filter(Boolean);
}

function verdictOf(verdict) {
  const by = [verdict.by ? `by ${verdict.by}` : null, verdict.votes && verdict.votes.length > 1 ? `votes: ${verdict.votes.join(", ")}` : null];
  return make("p", { class: "judged" }, make("span", { class: `label ${verdict.label}` }, verdict.label), make("span", { class: "quiet" }, ` ${by.filter(Boolean).join(", ")}. `), verdict.reason || "");
}

// A sentence with several claims is marked once, as the worst of them; the list below contains all of them.
function worst(spans) {
  const order = ["contradicted", "off_path", "unknown", "supported"], kept = new Map();
  for (const span of spans) {
    const there = kept.get(span.at.join());
    if (!there) kept.set(span.at.join(), { ...span });
    else {
      there.title += `\n${span.title}`;
      if (order.indexOf(span.class) < order.indexOf(there.class)) there.class = span.class;
    }
  }
  return [...kept.values()];
}

function claimsOf(claims) {
  const counts = Object.keys(CLAIM).map((verdict) => [verdict, claims.filter((claim) => claim.verdict === verdict).length]).filter(([, n]) => n);
  const list = make("ul", { class: "claims" }, claims.map((claim) => make("li", {},
    make("mark", { class: claim.verdict }, CLAIM[claim.verdict] || claim.verdict), claim.says,
    claim.graph ? make("span", { class: "quiet" }, ` (graph: ${claim.graph})`) : null)));
  const key = counts.map(([verdict, n]) => make("mark", { class: verdict }, `${n} ${CLAIM[verdict]}`));
  return folded(["Claims checked against the graph: ", ...key], [list], counts.some(([verdict]) => verdict === "contradicted"));
}

function scoresOf(scores) {
  const parts = [["clinical accuracy", "clinical_accuracy"], ["logic", "logic"], ["factual correctness", "factual_correctness"], ["completeness", "completeness"]];
  const before = scores.before !== null && scores.before !== undefined ? ` (before refinement ${round(scores.before)})` : "";
  return make("p", { class: "judged" }, make("strong", {}, `Score ${round(scores.score)}`), `${before}: `,
    make("span", { class: "quiet" }, parts.map(([words, name]) => `${words} ${scores[name]}`).join(", ") + ". "), scores.justification || "");
}

function pathsOf(paths, width, whither) {
  const title = paths.length === 1 ? "Path" : `Paths (${paths.length}${paths.length > MOST_PATHS ? `, ${MOST_PATHS} of them drawn` : ""})`;
  return [
    make("h4", {}, `${title}, from the question ${whither}`),
    make("div", { class: `graph ${whither === "to the answer" ? "to-gold" : ""}`, tabindex: "0", role: "region", "aria-label": "Paths as a graph" }, drawPaths(paths, width)),
    make("ol", { class: "paths" }, paths.map((path) => make("li", {}, pathLine(path),
      make("span", { class: "quiet" }, `${path.relevance === undefined ? "" : ` · relevance ${path.relevance.toFixed(2)}`} · ${path.total === 1 ? "the only shortest path" : `one of ${path.total.toLocaleString("en")} shortest paths`}`), originsOf(path.hops.flatMap((hop) => hop.from || []))))),
  ];
}

// Where a path's relations come from. Addresses are made by provenance.py, which knows what may be a link.
function originsOf(origins) {
  if (!origins.length) return null;
  const sources = [...new Set(origins.flatMap((origin) => (origin.source || "source not stated").split("; ")))];
  const shown = sources.slice(0, 6).join(", ") + (sources.length > 6 ? ` and ${sources.length - 6} more` : "");
  return folded(`From ${shown}`, [make("ul", { class: "origins" }, origins.map(originOf))]);
}

function originOf(origin) {
  const papers = (origin.papers || []).flatMap(([text, address]) => [" ",
    address ? make("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, text) : make("span", {}, text)]);
  const facts = [origin.evidence ? `evidence ${origin.evidence}` : null, origin.score === undefined ? null : `score ${round(origin.score)}`];
  return make("li", {}, `${origin.says}: `, origin.source || "source not stated", papers.length ? [" · ", ...papers.slice(1)] : null,
    origin.more ? ` and ${origin.more} more` : null, make("span", { class: "quiet" }, facts.filter(Boolean).map((fact) => ` · ${fact}`).join("")));
}

function pathLine(path) {
  return path.hops.reduce((line, hop, i) => `${line} ${ARROWS[hop.way][0]}${hop.label}${ARROWS[hop.way][1]} ${path.names[i + 1]}`, path.names[0]);
}

function nodesOf(mentions) {
  return make("ul", { class: "nodes" }, mentions.map((mention) => make("li", {}, mention.text, " ",
    make("span", { class: "quiet" }, `${mention.negated ? "(negated) " : ""}${mention.family ? "(of a relative) " : ""}${mention.node ? `→ ${mention.node}, ${mention.method} ${round(mention.score)}` : "no node"}, in the ${mention.place}`))));
}

function sampleOf(sample, number) {
  const who = sample.editor ? `editor, round ${sample.round}${sample.candidate === null ? ", written anew" : `, repairs sample ${sample.candidate + 1}`}` : `sample ${number + 1}, ${sample.model}, temperature ${sample.temperature}`;
  const graded = sample.grade !== null && sample.grade !== undefined ? `, graded ${round(sample.grade)} of 100` : "";
  return make("div", { class: "sample" },
    make("p", {}, make("strong", {}, who), `${graded}${sample.kept ? ", chosen" : ""}`),
    sample.verdict ? verdictOf(sample.verdict) : null,
    sample.failure || sample.fault ? make("p", { class: "reason" }, sample.failure || sample.fault) : null,
    sample.text ? folded("Text", [make("p", { class: "text" }, sample.text)]) : null);
}

function folded(title, children, open) {
  return make("details", open ? { open: "" } : {}, make("summary", {}, title), children);
}

// Markdown's bold words and headings are shown in bold; their signs are hidden (class "syntax").
function bold(text) {
  return [...text.matchAll(/(\*\*)[^*\n]+(\*\*)|^(#{1,4} ).+()$/gm)].flatMap((match) => {
    const [start, end] = [match.index, match.index + match[0].length];
    const sign = (from, to) => ({ at: [from, to], name: "span", class: "syntax" });
    return [{ at: [start, end], name: "strong" }, sign(start, start + (match[1] || match[3]).length), ...(match[2] ? [sign(end - 2, end)] : [])];
  });
}

// The text with elements around these parts of it; where parts overlap, each piece is inside all parts that cover it.
function marked(text, spans) {
  const edges = [...new Set([0, text.length, ...spans.flatMap((span) => span.at)])].filter((at) => at >= 0 && at <= text.length).sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => spans
    .filter((span) => span.at[0] <= edges[i] && span.at[1] >= end)
    .reduce((inner, span) => make(span.name, { class: span.class, title: span.title }, inner), document.createTextNode(text.slice(edges[i], end))));
}

function round(number) {
  return String(Math.round(number * 100) / 100);
}
