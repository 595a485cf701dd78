// What a page gains from a script; without one it is whole all the same. WORDS is of assets/words.LANGUAGE.js.
"use strict";

const FOLD = 20;
const report = document.querySelector(".report");

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// A text of the page's language with {names} filled in; `count` chooses the form where there are two.
function say(name, values = {}) {
  const word = WORDS[name];
  const form = typeof word === "string" ? word : word[values.count === 1 ? "one" : "other"];
  return form.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

// Every heading can be linked to.
for (const heading of document.querySelectorAll("main :is(h1, h2, h3)[id]")) {
  const name = heading.textContent;
  heading.append(
    make("a", { className: "anchor", href: `#${heading.id}`, ariaLabel: say("anchor", { name }) }, "#"),
  );
}

if (report) {
  const headings = [...report.querySelectorAll("h2, h3")];
  const appendix = headings.findIndex((heading) => heading.tagName === "H2");
  const lists = headings
    .slice(appendix + 1)
    .map((heading) => [heading, heading.nextElementSibling])
    .filter(([, list]) => list && list.tagName === "UL");
  for (const [, list] of lists) {
    layOut(list);
    if (list.children.length > FOLD + 5) fold(list);
  }
  addContents(headings);
  addEventListener("hashchange", showTarget);
  showTarget();
}

// A row's labels, author and time go on a line of their own, so that titles can be skimmed.
function layOut(list) {
  list.classList.add("appendix");
  for (const row of list.children) {
    const last = row.lastChild;
    const about = last && last.nodeType === Node.TEXT_NODE && last.data.match(/ — ((?:(?! — ).)*) — by .*$/s);
    if (!about) continue;
    last.data = last.data.slice(0, about.index);
    row.append(make("span", { className: "about" }, about[0].slice(3)));
  }
}

function fold(list) {
  const button = make("button", { className: "unfold", type: "button" }, say("unfold", { count: list.children.length }));
  list.classList.add("folded");
  list.after(button);
  const unfold = () => {
    list.classList.remove("folded");
    button.remove();
  };
  button.addEventListener("click", unfold);
  list.addEventListener("unfold", unfold);
  // The browser's own search has to find every row.
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") unfold();
  });
}

// A link to a thread opens what it stands in.
function showTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target || !report || !report.contains(target)) return;
  for (let at = target; at !== report; at = at.parentElement) {
    if (at.tagName === "DETAILS") at.open = true;
    if (at.classList.contains("folded")) at.dispatchEvent(new Event("unfold"));
  }
  target.scrollIntoView();
}

function addContents(headings) {
  const wide = matchMedia("(min-width: 78rem)");
  const rows = headings.map((heading) => {
    const link = make("a", { href: `#${heading.id}` }, heading.firstChild.textContent.trim());
    return make("li", {}, link);
  });
  const contents = make(
    "details",
    { className: "contents", open: wide.matches },
    make("summary", {}, say("contents")),
    make("nav", { ariaLabel: say("contents") }, make("ol", {}, ...rows)),
  );
  wide.addEventListener("change", () => (contents.open = wide.matches));
  report.before(contents);
}

// A bar tells its value when it is pointed at, touched or reached with the arrow keys; a second touch follows it.
for (const plot of document.querySelectorAll(".plot")) {
  const bars = [...plot.querySelectorAll("svg a")];
  const value = make("p", { className: "value" });
  let shown = null;
  let isNew = false;
  const show = (bar) => {
    isNew = bar !== shown;
    shown = bar;
    value.textContent = bar.getAttribute("aria-label");
    for (const one of bars) {
      one.classList.toggle("shown", one === bar);
      one.setAttribute("tabindex", one === bar ? "0" : "-1");
    }
  };
  for (const [place, bar] of bars.entries()) {
    bar.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(bar));
    bar.addEventListener("pointerdown", () => show(bar));
    bar.addEventListener("focus", () => shown === bar || show(bar));
    bar.addEventListener("click", (event) => event.pointerType === "touch" && isNew && event.preventDefault());
    bar.addEventListener("keydown", (event) => {
      const next = bars[place + { ArrowLeft: -1, ArrowRight: 1 }[event.key]];
      if (next) next.focus();
    });
  }
  plot.prepend(value);
  if (bars.length) show(bars.at(-1));
}

// Only the reader's clock can tell that the next report is late.
const until = document.getElementById("until");
if (until) {
  const minutes = Math.floor((Date.now() - Date.parse(until.dateTime)) / 60000);
  if (minutes > 2 * Number(until.dataset.length) + 30) {
    const hours = Math.floor(minutes / 60);
    document.getElementById("late").textContent =
      hours < 48 ? say("late_hours", { count: hours }) : say("late_days", { count: Math.floor(hours / 24) });
  }
}
