"use strict";
// What the rater has answered: kept in the browser under study and rater, written to a file, read from one.
const DATA = JSON.parse(document.getElementById("data").textContent);
const FORM = JSON.parse(document.getElementById("form").textContent);
const PLACE = `review:${DATA.study}:${DATA.rater}`;
const SCREENS = { start: 0, end: DATA.items.length + 1 };
const ASKS_PREFERENCE = (item) => DATA.items[item - 1].texts.length > 1;
const stepsOf = (parts) => parts.filter((part) => part.step).length;

const blank = (item) => ({
  texts: DATA.items[item - 1].texts.map((parts) => ({
    steps: Array(stepsOf(parts)).fill(null),
    ...Object.fromEntries(FORM.scales.map((scale) => [scale.name, null])),
    comment: "",
  })),
  preferred: null,
  cannot_judge: false,
});
const fresh = () => ({ specialty: "", years: "", shortcuts: true, at: SCREENS.start, items: {}, exported: null });
let state = fresh();
let storageWorks = true;

function answerTo(item) {
  return state.items[item] || blank(item);
}

/** How many questions of a case are open; comments are none. */
function openIn(item) {
  const answer = answerTo(item);
  if (answer.cannot_judge) return 0;
  const values = answer.texts.flatMap((text) => [...text.steps, ...FORM.scales.map((scale) => text[scale.name])]);
  if (ASKS_PREFERENCE(item)) values.push(answer.preferred);
  return values.filter((value) => value === null).length;
}
const isTouched = (item) => JSON.stringify(answerTo(item)) !== JSON.stringify(blank(item));
const everyItem = () => DATA.items.map((_, place) => place + 1);
const complete = () => everyItem().filter((item) => openIn(item) === 0).length;

function restore() {
  try {
    const kept = localStorage.getItem(PLACE);
    state = kept ? { ...fresh(), ...JSON.parse(kept) } : fresh();
  } catch (why) {
    storageWorks = false;
    state = fresh();
    tell(`This browser keeps nothing for this page (${why.message}). You can answer, but export your answers before you close or reload it.`);
  }
}

function keep() {
  if (!storageWorks) return;
  try {
    localStorage.setItem(PLACE, JSON.stringify(state));
    const saved = document.getElementById("saved");
    saved.textContent = `Saved in this browser at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
  } catch (why) {
    storageWorks = false;
    tell(`This browser could not save your answers (${why.message}). Export them before you close or reload this page.`);
  }
}

/** Take everything back out of the browser, as on a computer that others use. */
function forget() {
  if (!confirm("Delete all answers to this page from this browser? Only an exported file has them then.")) return false;
  state = fresh();
  if (storageWorks) localStorage.removeItem(PLACE);
  return true;
}

/** What was typed, or null; half a character, as where an emoji is cut, is no text in UTF-8. */
function entered(text) {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd").trim() || null;
}

/** The answers as they go into the file: a line for each case, also for those without an answer. */
function fileText() {
  const years = state.years === "" ? null : Number(state.years);
  return everyItem().map((item) => {
    const answer = answerTo(item);
    const texts = answer.texts.map((text) => ({ ...text, comment: entered(text.comment) }));
    const about = { study: DATA.study, version: DATA.version, rater: DATA.rater, item, specialty: entered(state.specialty), years };
    return JSON.stringify({ ...about, texts, preferred: answer.preferred, cannot_judge: answer.cannot_judge }) + "\n";
  }).join("");
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([fileText()], { type: "application/jsonl" }));
  link.download = `${DATA.rater}.jsonl`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  state.exported = fileText();
  keep();
}

/** The answers in a file, by case. Throws an Error that says line, what was found and what was expected. */
function parseFile(text) {
  const found = { items: {}, specialty: "", years: "" };
  text.split("\n").forEach((line, place) => {
    if (!line.trim()) return;
    const fail = (what) => { throw new Error(`Line ${place + 1}: ${what}. Nothing was loaded.`); };
    let record;
    try { record = JSON.parse(line); } catch { fail("it is not a whole record; was the file cut? Export it again"); }
    if (!record || typeof record !== "object") fail("it is not a record of this page");
    for (const name of ["study", "version", "rater"]) {
      if (record[name] !== DATA[name]) fail(`${name} is ${JSON.stringify(record[name])}, and this page has ${JSON.stringify(DATA[name])}. Load the file into the page that it was exported from`);
    }
    if (!Number.isInteger(record.item) || !DATA.items[record.item - 1]) fail(`there is no case ${JSON.stringify(record.item)} in this page`);
    if (found.items[record.item]) fail(`case ${record.item} is there twice`);
    if (!fits(record)) fail(`the answers do not fit case ${record.item}`);
    found.items[record.item] = {
      texts: record.texts.map((one) => ({ steps: one.steps, ...Object.fromEntries(FORM.scales.map(({ name }) => [name, one[name]])), comment: one.comment ?? "" })),
      preferred: record.preferred,
      cannot_judge: record.cannot_judge,
    };
    found.specialty = record.specialty ?? "";
    found.years = record.years ?? "";
  });
  if (!Object.keys(found.items).length) throw new Error("The file has no record. Nothing was loaded.");
  return found;
}

function fits(record) {
  const among = (values) => (value) => value === null || values.includes(value);
  const item = DATA.items[record.item - 1];
  return Array.isArray(record.texts) && record.texts.length === item.texts.length && typeof record.cannot_judge === "boolean"
    && among(["1", "2", "none"])(record.preferred)
    && record.texts.every((one, place) => Array.isArray(one?.steps) && one.steps.length === stepsOf(item.texts[place]) && one.steps.every(among(FORM.labels))
      && FORM.scales.every(({ name }) => among(FORM.values)(one[name])) && ["string", "object"].includes(typeof one.comment));
}

/** Take the answers of a file in. Asks before it changes an answer that is here. */
function take(found) {
  const lost = everyItem().filter((item) => isTouched(item) && JSON.stringify(found.items[item] || blank(item)) !== JSON.stringify(answerTo(item)));
  if (lost.length && !confirm(`This page already has other answers to ${lost.length} of these cases. Replace them by those in the file?`)) return false;
  state = { ...state, ...found, at: SCREENS.start };
  keep();
  return true;
}
