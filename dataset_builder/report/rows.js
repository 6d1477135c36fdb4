// The rows: decoded in blocks when they are needed, searched, filtered, sorted, and shown fifty to a page. The current choice is
// in the address, after the #, so that a view can be saved and shared.

const PAGE = 50, KEPT_BLOCKS = 64; // blocks: more than one page of the list may need
const AHEAD = 4, KEPT_TEXT = 3e8; // of a search: blocks read ahead; characters of questions kept for the next one
const $ = (id) => document.getElementById(id);
const blocks = new Map(), searched = []; // searched: the questions of blocks, as lower-case text for the search
const arriving = new Map(); // blocks whose files are being loaded
let index, total, shown = [], current = 0, keptText = 0;

async function block(id) {
  let value = blocks.get(id);
  if (!value) {
    value = ($(id) ? Promise.resolve($(id).textContent) : load(id)).then(unpack);
    value.catch(() => blocks.delete(id)); // asked again, it is tried again
  }
  blocks.delete(id);
  blocks.set(id, value);
  if (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value);
  return value;
}

// The blocks of a large report are files beside the page: scripts, as a page that was opened from the disk may read no file, each of
// which calls `keep`.
function load(id) {
  return new Promise((resolve, reject) => {
    const script = make("script", { src: `${index.folder}/${id}.js` });
    arriving.set(id, resolve);
    script.onerror = () => reject(new Error(`the file ${decodeURI(index.folder)}/${id}.js cannot be read; that folder belongs beside this page`));
    script.onload = () => { script.remove(); if (arriving.has(id)) script.onerror(); };
    document.head.append(script);
  });
}

function keep(id, base64) {
  arriving.get(id)(base64);
  arriving.delete(id);
}

async function unpack(base64) {
  const packed = atob(base64), bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  return JSON.parse(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text());
}

async function partAt(kind, number) {
  return (await block(`${kind}-${Math.floor(number / index.rowsInBlock)}`))[number % index.rowsInBlock];
}

function rowAt(number) {
  return Promise.all(["questions", "details"].map((kind) => partAt(kind, number)));
}

// --- the choice ---------------------------------------------------------------------------------------------------------------

function chosen() {
  return new URLSearchParams(location.hash.slice(1));
}

function choose(changes) {
  const state = chosen();
  if (![...state.keys()].every((key) => key === "q" || known().includes(key))) [...state.keys()].forEach((key) => state.delete(key));
  for (const [key, value] of Object.entries(changes)) value ? state.set(key, value) : state.delete(key);
  history.replaceState(null, "", `#${state}`);
  return show();
}

function known() {
  return ["everywhere", "sort", "page", "row", ...index.facets.map((facet) => facet.name)];
}

function addControls() {
  for (const facet of index.facets) $("facets").append(picker(facet.name, facet.label));
  if (index.sorts.length) {
    const sort = picker("sort", "Sorted by");
    sort.lastChild.append(new Option("order of the files", ""));
    for (const { name, label } of index.sorts) sort.lastChild.append(new Option(`${label}, least first`, name), new Option(`${label}, most first`, `-${name}`));
    $("facets").append(sort);
  }
  const clear = make("button", { type: "button", id: "clear" }, "Clear");
  clear.addEventListener("click", () => { history.replaceState(null, "", "#rows"); show(); });
  $("facets").append(clear);
  let timer;
  $("search").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => choose({ q: $("search").value.trim(), page: "", row: "" }), 200); });
  $("everywhere").addEventListener("change", () => choose({ everywhere: $("everywhere").checked ? "1" : "", page: "", row: "" }));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const [id, step] of [["before", -1], ["after", 1]])
    $(id).addEventListener("click", () => choose({ page: String(pageNow() + step), row: "" }).then(() => $("found").scrollIntoView()));
  addEventListener("hashchange", arrive);
}

// A link of the page, or a shared address, chooses rows: scroll to them.
async function arrive() {
  await show();
  if (location.hash.includes("=") && !chosen().has("row")) $("rows").scrollIntoView();
}

function picker(name, label) {
  const select = make("select", { id: `by-${name}`, name });
  select.addEventListener("change", () => choose({ [name]: select.value, page: "", row: "" }));
  return make("div", {}, make("label", { for: select.id }, label), select);
}

// --- which rows ---------------------------------------------------------------------------------------------------------------

async function found(state, run) {
  const words = (state.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const hit = new Uint8Array(total).fill(1);
  if (!words.length) return hit;
  const last = Math.ceil(total / index.rowsInBlock);
  for (let b = 0; b < last; b++) {
    for (let next = b + 1; next <= b + AHEAD && next < last; next++) if (!searched[next]) block(`questions-${next}`);
    const texts = searched[b] || (await block(`questions-${b}`)).map(textOf);
    if (!searched[b] && keptText < KEPT_TEXT) {
      searched[b] = texts;
      keptText += texts.reduce((sum, text) => sum + text.length, 0);
    }
    const more = state.get("everywhere") ? await block(`details-${b}`) : null;
    if (run !== current) return null;
    texts.forEach((question, i) => {
      const text = more ? `${question}\n${wordsOf(more[i])}` : question;
      hit[b * index.rowsInBlock + i] = words.every((word) => text.includes(word)) ? 1 : 0;
    });
    if (b % 8 === 7) $("found").textContent = `Searching … ${Math.min((b + 1) * index.rowsInBlock, total).toLocaleString("en")} of ${total.toLocaleString("en")}`;
  }
  return hit;
}

function textOf(row) {
  return [row.id, row.question, row.answer, ...row.options.map((option) => option[1])].join("\n").toLowerCase();
}

function wordsOf(value) {
  if (typeof value === "string") return value.toLowerCase();
  return value && typeof value === "object" ? Object.values(value).map(wordsOf).join("\n") : "";
}

async function show() {
  const run = ++current;
  try {
    await showRows(run, chosen());
  } catch (why) {
    if (run === current) tell(why);
  }
}

function tell(why) {
  $("found").textContent = `The rows cannot be shown: ${why.message || why}. A browser of 2023 or later is needed.`;
}

async function showRows(run, state) {
  $("list").setAttribute("aria-busy", "true");
  $("search").value = document.activeElement === $("search") ? $("search").value : state.get("q") || "";
  $("everywhere").checked = state.has("everywhere");
  const hit = await found(state, run);
  if (!hit) return;
  const wanted = index.facets.map((facet) => (state.has(facet.name) ? facet.values.indexOf(state.get(facet.name)) : null));
  shown = [];
  const counts = index.facets.map((facet) => new Uint32Array(facet.values.length));
  for (let row = 0; row < total; row++) {
    if (!hit[row]) continue;
    let misses = 0, missed = -1;
    for (let f = 0; f < wanted.length && misses < 2; f++) if (wanted[f] !== null && index.facets[f].codes[row] !== wanted[f]) { misses++; missed = f; }
    if (misses === 0) shown.push(row);
    // the count of a value: the rows that would be shown if it were chosen
    if (misses < 2) index.facets.forEach((facet, f) => { const code = facet.codes[row]; if (code >= 0 && (misses === 0 || missed === f)) counts[f][code]++; });
  }
  index.facets.forEach((facet, f) => fill($(`by-${facet.name}`), facet, counts[f], state.get(facet.name)));
  sorted(state.get("sort") || "");
  await list(run, state);
  if (run === current) $("list").setAttribute("aria-busy", "false");
}

function fill(select, facet, counts, value) {
  const options = facet.values.map((name, i) => [name, counts[i]]).filter(([name, n]) => n || name === value);
  if (value && !facet.values.includes(value)) options.push([value, 0]);
  select.replaceChildren(new Option("any", ""), ...options.map(([name, n]) => new Option(`${name} (${n.toLocaleString("en")})`, name)));
  select.value = value || "";
}

function sorted(by) {
  if ($("by-sort")) $("by-sort").value = by;
  const sort = index.sorts.find(({ name }) => name === by.replace("-", ""));
  if (!sort) return;
  const sign = by.startsWith("-") ? -1 : 1, last = Infinity;
  const key = (row) => (sort.values[row] === null ? last : sign * sort.values[row]);
  shown.sort((a, b) => (key(a) === key(b) ? a - b : key(a) - key(b)));
}

// --- the list -----------------------------------------------------------------------------------------------------------------

function pageNow() {
  return Math.min(Math.max(Number(chosen().get("page")) || 1, 1), Math.max(Math.ceil(shown.length / PAGE), 1));
}

async function list(run, state) {
  const opened = Number(state.get("row") || -1);
  if (state.has("row") && shown.includes(opened) && !state.has("page")) state.set("page", Math.floor(shown.indexOf(opened) / PAGE) + 1);
  const pages = Math.ceil(shown.length / PAGE), page = Math.min(Math.max(Number(state.get("page")) || 1, 1), Math.max(pages, 1));
  const here = shown.slice((page - 1) * PAGE, page * PAGE);
  const questions = await Promise.all(here.map((row) => partAt("questions", row)));
  if (run !== current) return;
  $("found").textContent = shown.length === total ? `${total.toLocaleString("en")} rows` : `${shown.length.toLocaleString("en")} of ${total.toLocaleString("en")} rows`;
  $("list").replaceChildren(...here.map((row, i) => item(row, questions[i])));
  $("pages").hidden = pages < 2;
  $("before").disabled = page <= 1;
  $("after").disabled = page >= pages;
  $("page").textContent = `page ${page.toLocaleString("en")} of ${pages.toLocaleString("en")}`;
  const button = $(`row-${opened}`);
  if (button) open(button, opened).then(() => button.scrollIntoView());
}

function item(row, question) {
  const answer = question.answer || "", cut = answer.length > 60 ? `${answer.slice(0, 59)}…` : answer;
  const value = (name) => { const facet = index.facets.find((one) => one.name === name); return facet && facet.codes[row] >= 0 ? facet.values[facet.codes[row]] : null; };
  const outcome = value("outcome"), state = outcome === "published" ? "published" : "rejected";
  const numbers = Object.fromEntries(index.sorts.map((sort) => [sort.name, sort.values[row]]));
  const known = (name) => numbers[name] !== null && numbers[name] !== undefined;
  const facts = [
    value("source"),
    value("tier"),
    value("verdict"),
    value("hops") ? `${value("hops")} ${value("hops") === "1" ? "hop" : "hops"}` : null,
    known("words") ? `${numbers.words} words` : null,
    known("support") ? `${Math.round(numbers.support * 100)} % supported` : null,
    value("contradiction") === "yes" ? "contradicts the graph" : null,
    known("score") ? `score ${round(numbers.score)}` : null,
  ].filter(Boolean);
  const button = make("button", { type: "button", class: "row", id: `row-${row}`, "aria-expanded": "false" },
    make("span", { class: `dot ${state}`, "aria-hidden": "true" }),
    make("span", { class: "title" }, question.title || question.question || "(no question)"),
    make("span", { class: "meta" }, make("span", { class: state }, outcome), ` · ${facts.join(" · ")}`, cut ? make("span", { class: "answer" }, ` · answer: ${cut}`) : null));
  button.addEventListener("click", () => toggle(button, row));
  return make("li", {}, button);
}

async function toggle(button, row) {
  const state = chosen();
  if (button.getAttribute("aria-expanded") === "true") {
    button.setAttribute("aria-expanded", "false");
    button.nextElementSibling.remove();
    state.delete("row");
  } else {
    await open(button, row);
    state.set("row", row);
  }
  state.delete("rows");
  history.replaceState(null, "", `#${state}`);
}

async function open(button, row) {
  if (button.getAttribute("aria-expanded") === "true") return;
  button.setAttribute("aria-expanded", "true");
  const [question, more] = await rowAt(row);
  if (button.getAttribute("aria-expanded") !== "true" || button.nextElementSibling) return;
  const detail = make("div", { class: "detail", id: `detail-${row}` });
  button.setAttribute("aria-controls", detail.id);
  button.after(detail);
  const style = getComputedStyle(detail);
  detail.append(...details(question, more, detail.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)));
}

unpack($("index").textContent).then((value) => {
  [index, total] = [value, value.rows];
  addControls();
  return arrive();
}).catch(tell);
