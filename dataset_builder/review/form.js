// One case as a form. Texts of rows reach the page only as text nodes.
const make = (tag, attributes = {}, ...children) => {
  const one = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) value === true ? one.setAttribute(name, "") : value !== false && one.setAttribute(name, value);
  one.append(...children.filter((child) => child !== null));
  return one;
};

/** A text with its **bold** parts as such; the marks of headings are left out. */
function prose(text) {
  const plain = text.replace(/^#{1,6}\s+/gm, "");
  return plain.split(/\*\*([^*\n]+)\*\*/).map((part, place) => (place % 2 ? make("strong", {}, part) : document.createTextNode(part)));
}

/** Radio buttons of one question. ``choices``: value and words; ``value``: what is chosen; ``set``: takes what is chosen, or null. */
function group(name, legend, choices, value, set, kind, about = false) {
  const buttons = choices.map(([one, words], place) => {
    const input = make("input", { type: "radio", name, value: String(one), checked: one === value });
    input.addEventListener("change", () => { set(one); mark(); });
    return make("label", {}, input, words === String(place + 1) ? null : make("kbd", { "aria-hidden": "true" }, String(place + 1)), words);
  });
  const box = make("fieldset", { class: `group ${kind}`, "aria-describedby": about }, make("legend", {}, ...legend), make("div", { class: "choices" }, ...buttons));
  const mark = () => { box.classList.toggle("open", !box.querySelector(":checked")); cue(); };
  box.takeBack = () => { box.querySelectorAll("input").forEach((input) => { input.checked = false; }); set(null); mark(); };
  box.classList.toggle("open", value === null);
  return box;
}

function textBlock(item, place, change) {
  const parts = DATA.items[item - 1].texts[place], answer = answerTo(item).texts[place], many = ASKS_PREFERENCE(item);
  const name = many ? `Text ${place + 1}` : "The text";
  const of = many ? `, ${name}` : "";
  const block = make("section", { class: "text", "aria-label": name }, make("h2", {}, name));
  const steps = stepsOf(parts);
  for (const part of parts) {
    if (!part.step) { block.append(make("p", { class: "heading" }, ...prose(part.text))); continue; }
    const legend = [make("span", { class: "unseen" }, `Step ${part.step} of ${steps}${of}`)];
    const choices = FORM.labels.map((label) => [label, label]);
    const set = (value) => change((now) => { now.texts[place].steps[part.step - 1] = value; });
    const words = make("p", { id: `words-${place}-${part.step}` }, ...prose(part.text));
    block.append(make("div", { class: "step" }, words, group(`step-${place}-${part.step}`, legend, choices, answer.steps[part.step - 1], set, "label", words.id)));
  }
  const scales = make("div", { class: "scales" });
  for (const { name: column, title, low, high } of FORM.scales) {
    const legend = [many ? make("span", { class: "unseen" }, `${name}: `) : null, title, make("span", { class: "ends" }, ` 1 ${low}, 5 ${high}`)];
    const set = (value) => change((now) => { now.texts[place][column] = value; });
    scales.append(group(`${column}-${place}`, legend, FORM.values.map((value) => [value, String(value)]), answer[column], set, "scale"));
  }
  const comment = make("textarea", { id: `comment-${place}`, maxlength: FORM.mostCharacters });
  comment.value = answer.comment;
  comment.addEventListener("input", () => change((now) => { now.texts[place].comment = comment.value; }));
  block.append(scales, make("p", { class: "comment" }, make("label", { for: comment.id }, `Comment${of}, optional `, make("kbd", { "aria-hidden": "true" }, "c")), comment));
  return block;
}

function wholeBlock(item, change) {
  const answer = answerTo(item);
  const block = make("section", { class: "whole", "aria-label": "The case as a whole" });
  if (ASKS_PREFERENCE(item)) {
    const choices = [["1", "Text 1"], ["2", "Text 2"], ["none", "no difference"]];
    block.append(group("preferred", ["Which text is better?"], choices, answer.preferred, (value) => change((now) => { now.preferred = value; }), "preference"));
  }
  const tick = make("input", { type: "checkbox", id: "cannot-judge", checked: answer.cannot_judge });
  tick.addEventListener("change", () => change((now) => { now.cannot_judge = tick.checked; }));
  block.append(make("p", {}, make("label", {}, tick, " I cannot judge this case ", make("kbd", { "aria-hidden": "true" }, "x"))));
  const on = make("button", { type: "button", id: "on", class: "main" }, item < DATA.items.length ? "Next case" : "To the overview");
  on.addEventListener("click", () => show(item + 1));
  block.append(make("p", { class: "actions" }, on));
  return block;
}

/** The case with its texts and questions. */
function drawItem(item) {
  const one = DATA.items[item - 1];
  const change = (edit) => {
    state.items[item] ??= blank(item);
    edit(state.items[item]);
    keep();
    drawBar();
  };
  const options = make("ol", { class: "options", "aria-label": "Options" }, ...one.options.map(([label, text]) => make("li", {}, make("b", {}, label), make("span", {}, text))));
  const title = make("h1", { tabindex: "-1" }, make("span", { class: "unseen" }, `Case ${item} of ${DATA.items.length}. `), "Question");
  const question = make("div", { class: "case" }, title, one.context ? make("p", { class: "context" }, one.context) : null, make("p", {}, one.question), one.options.length ? options : null);
  const texts = make("div", { class: "texts" }, ...one.texts.map((_, place) => textBlock(item, place, change)));
  document.getElementById("item").replaceChildren(question, texts, wholeBlock(item, change));
  cue();
}
