"use strict";
// A row's paths as one small graph: ranks run from the question's nodes to the answer's, left to right, or downwards where that is
// too wide. Edges show the graph's relations; an arrow shows the direction in which the relation is stored.

const SVG = "http://www.w3.org/2000/svg";
const NODE_WIDTH = 148, LINE = 15, RELATION = 150, MOST_PATHS = 12; // pixels; and a number
const NAME_SIZE = 12.5, SMALL_SIZE = 11.5; // of the texts, as in the style sheet
const canvas = document.createElement("canvas").getContext("2d");

function drawPaths(paths, width) {
  const graph = joined(paths.slice(0, MOST_PATHS));
  rank(graph);
  const ranks = layers(graph);
  graph.edges.forEach((edge) => (edge.short = cut(edge.label, RELATION, SMALL_SIZE)));
  const relationWidth = Math.max(...graph.edges.map((edge) => widthOf(edge.short, SMALL_SIZE))) + 36;
  const across = ranks.length * NODE_WIDTH + (ranks.length - 1) * relationWidth;
  const each = across <= width ? NODE_WIDTH : narrowed(ranks, width);
  graph.nodes.forEach((node) => (node.lines = wrapped(node.name, each - 12)));
  ranks.nodeWidth = each;
  ranks.nodeHeight = Math.max(...graph.nodes.map((node) => node.lines.length + 1)) * LINE + 12;
  place(ranks, across <= width ? { across: true, gap: relationWidth } : { across: false, width });
  return picture(graph, ranks, paths);
}

// Nodes and edges of all paths, each once.
function joined(paths) {
  const nodes = new Map(), edges = new Map();
  for (const path of paths) {
    path.nodes.forEach((id, i) => {
      if (!nodes.has(id)) nodes.set(id, { id, name: path.names[i], type: path.types[i], into: [], out: [] });
      const node = nodes.get(id);
      if (i === 0) node.from = true;
      if (i === path.nodes.length - 1) node.to = true;
    });
    path.hops.forEach((hop, i) => {
      const [a, b] = [path.nodes[i], path.nodes[i + 1]];
      if (a === b || edges.has(`${a} ${b}`) || edges.has(`${b} ${a}`)) return;
      const edge = { a: nodes.get(a), b: nodes.get(b), label: hop.label, way: hop.way, says: hop.says };
      edges.set(`${a} ${b}`, edge);
      edge.a.out.push(edge);
      edge.b.into.push(edge);
    });
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

// A node's rank: its longest distance from a node without predecessors; where paths form a cycle, an edge of it is reversed.
function rank(graph) {
  const waiting = new Set(graph.nodes);
  graph.nodes.forEach((node) => (node.rank = 0));
  while (waiting.size) {
    const open = (node) => node.into.filter((edge) => waiting.has(edge.a)).length;
    let next = [...waiting].find((node) => open(node) === 0);
    if (!next) {
      next = [...waiting].sort((x, y) => open(x) - open(y))[0];
      next.into.filter((edge) => waiting.has(edge.a)).forEach(turnRound);
    }
    waiting.delete(next);
    next.out.forEach((edge) => (edge.b.rank = Math.max(edge.b.rank, next.rank + 1)));
  }
  const last = Math.max(...graph.nodes.map((node) => node.rank));
  graph.nodes.forEach((node) => { if (node.to && !node.out.length) node.rank = last; });
}

function turnRound(edge) {
  edge.a.out.splice(edge.a.out.indexOf(edge), 1);
  edge.b.into.splice(edge.b.into.indexOf(edge), 1);
  [edge.a, edge.b] = [edge.b, edge.a];
  edge.way = { forward: "backward", backward: "forward" }[edge.way] || edge.way;
  edge.a.out.push(edge);
  edge.b.into.push(edge);
}

// Nodes by rank, with bends where an edge passes a rank, in an order that crosses few edges (barycentres, four sweeps).
function layers(graph) {
  const ranks = [];
  const add = (item) => (ranks[item.rank] = ranks[item.rank] || []).push(item);
  graph.nodes.forEach((node) => { node.beside = []; add(node); });
  for (const edge of graph.edges) {
    edge.course = [edge.a];
    for (let r = edge.a.rank + 1; r < edge.b.rank; r++) {
      const bend = { bend: true, rank: r, beside: [] };
      add(bend);
      edge.course.push(bend);
    }
    edge.course.push(edge.b);
    edge.course.slice(1).forEach((item, i) => { item.beside.push(edge.course[i]); edge.course[i].beside.push(item); });
  }
  const number = () => ranks.forEach((items) => items.forEach((item, i) => (item.slot = i - (items.length - 1) / 2)));
  number();
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const items of sweep % 2 ? [...ranks].reverse() : ranks) {
      const centre = (item) => item.beside.reduce((sum, other) => sum + other.slot, 0) / (item.beside.length || 1);
      items.map((item) => [centre(item), item]).sort((x, y) => x[0] - y[0]).forEach(([, item], i) => (items[i] = item));
      items.forEach((item, i) => (item.slot = i - (items.length - 1) / 2));
    }
  }
  return ranks;
}

// The width of a node where ranks are rows.
function narrowed(ranks, width) {
  const most = Math.max(...ranks.map((items) => items.length));
  return Math.min(NODE_WIDTH, Math.max(96, (width - 8) / most - 10));
}

function place(ranks, { across, gap, width }) {
  const [most, each, high] = [Math.max(...ranks.map((items) => items.length)), ranks.nodeWidth, ranks.nodeHeight];
  ranks.across = across;
  const step = across ? high + 22 : Math.max(each + 10, Math.min(each + 40, (width - 8 - each) / Math.max(most - 1, 1)));
  ranks.width = across ? ranks.length * each + (ranks.length - 1) * gap : (most - 1) * step + each;
  ranks.height = across ? (most - 1) * step + high : ranks.length * high + (ranks.length - 1) * 58;
  ranks.forEach((items, r) => items.forEach((item) => {
    const along = across ? r * (each + gap) + each / 2 : r * (high + 58) + high / 2;
    const beside = item.slot * step + (across ? ranks.height : ranks.width) / 2;
    [item.x, item.y] = across ? [along, beside] : [beside, along];
  }));
}

// Every edge of a node has its own position on the node's side, in the order of the edges' other ends.
function ports(graph, ranks) {
  for (const node of graph.nodes)
    for (const [side, next] of [["into", -2], ["out", 1]]) {
      const edges = node[side].sort((x, y) => x.course.at(next).slot - y.course.at(next).slot);
      const apart = Math.min(22, (ranks.across ? ranks.nodeHeight - 10 : ranks.nodeWidth - 40) / edges.length);
      edges.forEach((edge, i) => (edge[side === "out" ? "leaves" : "arrives"] = (i - (edges.length - 1) / 2) * apart));
    }
}

function picture(graph, ranks, paths) {
  const pad = 3;
  const drawn = svg("svg", { width: ranks.width + 2 * pad, height: ranks.height + 2 * pad, viewBox: `${-pad} ${-pad} ${ranks.width + 2 * pad} ${ranks.height + 2 * pad}`, role: "img" });
  drawn.setAttribute("aria-label", `${paths.length} paths between ${graph.nodes.length} nodes; the list below has them in words`);
  const labels = [];
  ports(graph, ranks);
  for (const edge of graph.edges) {
    const points = course(edge, ranks);
    drawn.append(svg("path", { class: "edge", d: curve(points, ranks.across) }));
    if (edge.way === "forward") drawn.append(tip(points.at(-1), ranks.across ? 0 : 90));
    if (edge.way === "backward") drawn.append(tip(points[0], ranks.across ? 180 : 270));
    labels.push(labelOf(edge, points));
  }
  graph.nodes.forEach((node) => drawn.append(box(node, ranks.nodeWidth, ranks.nodeHeight)));
  spread(labels).forEach((label) => drawn.append(label.text));
  return drawn;
}

// The points of an edge: start, bends, end, with some distance for the arrow.
function course(edge, ranks) {
  const [dx, dy] = ranks.across ? [ranks.nodeWidth / 2 + 1, 0] : [0, ranks.nodeHeight / 2 + 1];
  const at = (item, sign, aside = 0) => ({ x: item.x + sign * dx + (ranks.across ? 0 : aside), y: item.y + sign * dy + (ranks.across ? aside : 0) });
  return edge.course.flatMap((item, i) =>
    i === 0 ? [at(item, 1, edge.leaves)] : i === edge.course.length - 1 ? [at(item, -1, edge.arrives)] : [at(item, -1), at(item, 1)]);
}

function curve(points, across) {
  return points.map((p, i) => {
    if (i === 0) return `M${p.x} ${p.y}`;
    const q = points[i - 1], [mx, my] = [(p.x + q.x) / 2, (p.y + q.y) / 2];
    return across ? `C${mx} ${q.y} ${mx} ${p.y} ${p.x} ${p.y}` : `C${q.x} ${my} ${p.x} ${my} ${p.x} ${p.y}`;
  }).join("");
}

function tip({ x, y }, angle) {
  return svg("path", { class: "tip", d: "M0 0L-8 -4.5V4.5Z", transform: `translate(${x} ${y}) rotate(${angle})` });
}

function labelOf(edge, points) {
  const middle = Math.floor((points.length - 1) / 2);
  const [p, q] = [points[middle], points[middle + 1]];
  const text = svg("text", { class: "relation", "text-anchor": "middle" }, edge.short);
  text.append(svg("title", {}, edge.says));
  return { text, x: (p.x + q.x) / 2, y: (p.y + q.y) / 2, half: widthOf(edge.short, SMALL_SIZE) / 2 };
}

// Labels that would overlap are moved apart, downwards.
function spread(labels) {
  const done = [];
  for (const label of labels.sort((x, y) => x.y - y.y)) {
    let over;
    while ((over = done.find((other) => Math.abs(other.y - label.y) < 14 && Math.abs(other.x - label.x) < other.half + label.half + 6)))
      label.y = over.y + 14;
    label.text.setAttribute("x", label.x);
    label.text.setAttribute("y", label.y + 4);
    done.push(label);
  }
  return done;
}

function box(node, width, height) {
  const group = svg("g", { class: `node${node.from ? " from" : ""}${node.to ? " to" : ""}` });
  group.append(
    svg("title", {}, `${node.name} (${node.type})`),
    svg("rect", { x: node.x - width / 2, y: node.y - height / 2, width, height, rx: node.from ? 20 : 4 }),
  );
  const top = node.y - ((node.lines.length + 1) * LINE) / 2 + 11;
  [...node.lines, cut(node.type, width - 16, SMALL_SIZE)].forEach((line, i, all) => group.append(
    svg("text", { class: i === all.length - 1 ? "kind" : "name", x: node.x, y: top + i * LINE, "text-anchor": "middle" }, line)));
  return group;
}

// At most two lines of this width, broken at a blank or a hyphen where possible.
function wrapped(text, width) {
  if (widthOf(text, NAME_SIZE) <= width) return [text];
  let end = text.length;
  while (end > 1 && widthOf(text.slice(0, end), NAME_SIZE) > width) end--;
  const at = Math.max(text.lastIndexOf(" ", end), text.lastIndexOf("-", end - 1) + 1);
  if (at > end / 3) end = at;
  return [text.slice(0, end).trim(), cut(text.slice(end).trim(), width, NAME_SIZE)];
}

function cut(text, width, size) {
  let end = text.length;
  const short = () => (end < text.length ? text.slice(0, end) + "…" : text);
  while (end > 1 && widthOf(short(), size) > width) end--;
  return short();
}

function widthOf(text, size) {
  canvas.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text).width;
}

function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, typeof value === "number" ? Math.round(value * 10) / 10 : value);
  if (text !== undefined) made.textContent = text;
  return made;
}
