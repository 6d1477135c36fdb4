// The screens: start, one per case, overview.
const byId = (id) => document.getElementById(id);

function tell(words) {
  byId("trouble").textContent = words;
  byId("trouble").hidden = !words;
}

function show(at) {
  state.at = Math.max(SCREENS.start, Math.min(at, SCREENS.end));
  keep();
  draw();
  window.scrollTo(0, 0);
  document.querySelector("main > section:not([hidden]) h1").focus({ preventScroll: true });
}

function draw() {
  const isStart = state.at === SCREENS.start, isEnd = state.at === SCREENS.end;
  byId("start").hidden = !isStart;
  byId("item").hidden = isStart || isEnd;
  byId("end").hidden = !isEnd;
  byId("bar").hidden = isStart;
  document.body.classList.toggle("two", !isStart && !isEnd && ASKS_PREFERENCE(state.at));
  document.body.classList.toggle("no-keys", !state.shortcuts);
  if (isStart) drawStart();
  else if (isEnd) drawEnd();
  else drawItem(state.at);
  drawBar();
}

function drawBar() {
  const isEnd = state.at === SCREENS.end;
  byId("where").textContent = isEnd ? "Overview" : `Case ${state.at} of ${DATA.items.length}`;
  byId("progress").value = complete();
  byId("count").textContent = `${complete()} of ${DATA.items.length} complete`;
  byId("previous").disabled = state.at <= 1;
  byId("next").disabled = isEnd;
}

function drawStart() {
  byId("specialty").value = state.specialty;
  byId("years").value = state.years;
  byId("shortcuts").checked = state.shortcuts;
  byId("begin").textContent = everyItem().some(isTouched) ? `Continue (${complete()} of ${DATA.items.length} complete)` : "Begin";
}

function drawEnd() {
  const open = everyItem().filter((item) => openIn(item) > 0);
  byId("summary").textContent = open.length ? `${complete()} of ${DATA.items.length} cases are complete. You can export now and go on later.` : `All ${DATA.items.length} cases are complete. Thank you. Please export your answers and send the file.`;
  byId("cases").replaceChildren(...everyItem().map((item) => {
    const left = openIn(item);
    const words = answerTo(item).cannot_judge ? "cannot judge" : left === 0 ? "complete" : isTouched(item) ? `${left} open` : "not begun";
    const button = make("button", { type: "button", class: left ? "" : "complete" }, `${item}: ${words}`);
    button.addEventListener("click", () => show(item));
    return make("li", {}, button);
  }));
  drawExported();
}

function drawExported() {
  byId("exported").textContent = state.exported === null ? "" : state.exported === fileText() ? "All answers are in the file that was exported last." : "Some answers have changed since the last export.";
}

async function load(event) {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  try {
    const taken = take(parseFile(await file.text()));
    tell("");
    if (taken) show(complete() < DATA.items.length ? SCREENS.start : SCREENS.end);
  } catch (why) {
    tell(`${file.name}: ${why.message}`);
  }
}

byId("begin").addEventListener("click", () => show(everyItem().find((item) => openIn(item) > 0) || SCREENS.end));
byId("previous").addEventListener("click", () => show(state.at - 1));
byId("next").addEventListener("click", () => show(state.at + 1));
byId("to-start").addEventListener("click", () => show(SCREENS.start));
byId("to-end").addEventListener("click", () => show(SCREENS.end));
byId("export").addEventListener("click", () => { download(); drawExported(); });
byId("forget").addEventListener("click", () => {
  if (!forget()) return;
  draw();
  byId("begin").focus();
});
byId("load").addEventListener("change", load);
byId("load-here").addEventListener("change", load);
byId("specialty").addEventListener("input", (event) => { state.specialty = event.target.value; keep(); });
byId("years").addEventListener("input", (event) => {
  if (event.target.checkValidity()) { state.years = event.target.value; keep(); }
});
byId("shortcuts").addEventListener("change", (event) => { state.shortcuts = event.target.checked; keep(); draw(); });
document.addEventListener("keydown", onKey);
window.addEventListener("storage", (event) => { // the page is open twice: both show what was answered last
  if (event.key !== PLACE) return;
  const at = state.at;
  restore();
  state.at = at;
  draw();
});
restore();
draw();
