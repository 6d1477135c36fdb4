// Single keys. They move the focus, so that what is marked is also what a screen reader reads and what Tab goes on from.
const groups = () => [...document.querySelectorAll("#item fieldset.group")];
const marked = () => document.activeElement?.closest?.("fieldset.group") || null;
const firstOpen = () => groups().find((one) => one.classList.contains("open")) || null;

/** Where a digit answers while nothing is marked: the first open question, which looks marked. */
function cue() {
  document.querySelectorAll("#item .next").forEach((one) => one.classList.remove("next"));
  const one = firstOpen();
  (one?.closest(".step") || one)?.classList.add("next");
}

const isInView = (one) => {
  const { top, bottom } = one.getBoundingClientRect();
  return top >= 0 && bottom <= window.innerHeight;
};

function markGroup(one) {
  const target = one ? one.querySelector(":checked") || one.querySelector("input") : document.getElementById("on");
  target.focus({ preventScroll: true });
  (one?.closest(".step") || target).scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = groups(), now = marked();
  if (!now) return markGroup(firstOpen() || all[0]);
  const next = all[all.indexOf(now) + by];
  if (next || by > 0) markGroup(next);
}

/** Answer the marked question, or the first open one. It is only marked where it is out of view: nobody answers what they do not see. */
function answer(number) {
  const now = marked() || firstOpen();
  if (!now) return;
  if (now !== marked() && !isInView(now)) { markGroup(now); return; }
  const input = now.querySelectorAll("input")[number - 1];
  if (!input) return;
  input.checked = true;
  input.dispatchEvent(new Event("change"));
  markGroup(groups()[groups().indexOf(now) + 1]);
}

function comment() {
  const inside = document.activeElement?.closest?.(".text") || document.querySelector("#item .text");
  inside.querySelector("textarea").focus();
}

function leave(field) {
  const block = field.closest(".text");
  markGroup([...(block?.querySelectorAll("fieldset.group") || [])].at(-1) || null);
}

const ITEM_KEYS = {
  j: () => step(1),
  k: () => step(-1),
  0: () => marked()?.takeBack(),
  c: comment,
  x: () => document.getElementById("cannot-judge").click(),
  n: () => show(state.at + 1),
  p: () => show(state.at - 1),
  e: () => show(SCREENS.end),
  h: () => show(SCREENS.start),
};
const OTHER_KEYS = { p: () => state.at === SCREENS.end && show(DATA.items.length), h: () => show(SCREENS.start), e: () => show(SCREENS.end) };

function onKey(event) {
  const typing = event.target.matches?.("textarea, input[type=text], input[type=number]");
  if (event.key === "Escape" && event.target.matches?.("textarea")) return leave(event.target);
  if (typing || !state.shortcuts || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const isItem = state.at > SCREENS.start && state.at < SCREENS.end;
  const action = isItem && /^[1-9]$/.test(event.key) ? () => answer(Number(event.key)) : (isItem ? ITEM_KEYS : OTHER_KEYS)[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
