// What a page gains from a script; without one it is whole all the same.
"use strict";

const FOLD = 20;
const report = document.querySelector(".report");

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Every heading can be linked to.
for (const heading of document.querySelectorAll("main :is(h1, h2, h3)[id]")) {
  const name = heading.textContent;
  heading.append(
    make("a", { className: "anchor", href: `#${heading.id}`, ariaLabel: `到“${name}”的链接` }, "#"),
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
  addContents(headings, new Map(lists));
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
  const button = make("button", { className: "unfold", type: "button" }, `显示全部 ${list.children.length} 条`);
  list.classList.add("folded");
  list.after(button);
  const unfold = () => {
    list.classList.remove("folded");
    button.remove();
  };
  button.addEventListener("click", unfold);
  // The browser's own search has to find every row.
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") unfold();
  });
}

function addContents(headings, lists) {
  const wide = matchMedia("(min-width: 78rem)");
  const rows = headings.map((heading) => {
    const link = make("a", { href: `#${heading.id}` }, heading.firstChild.textContent.trim());
    const list = lists.get(heading);
    const count = list && [...list.children].filter((row) => row.querySelector("a")).length;
    return make("li", {}, link, ...(list ? [" ", make("span", { className: "count" }, `${count}`)] : []));
  });
  const contents = make(
    "details",
    { className: "contents", open: wide.matches },
    make("summary", {}, "本页内容"),
    make("nav", { ariaLabel: "本页内容" }, make("ol", {}, ...rows)),
  );
  wide.addEventListener("change", () => (contents.open = wide.matches));
  report.before(contents);
}

// A page cannot know that the next one never came; a reader's clock does.
const until = document.getElementById("until");
if (until) {
  const minutes = Math.floor((Date.now() - Date.parse(until.dateTime)) / 60000);
  if (minutes > 2 * Number(until.dataset.length) + 30) {
    const age = minutes < 48 * 60 ? `${Math.floor(minutes / 60)} 小时` : `${Math.floor(minutes / 1440)} 天`;
    document.getElementById("late").textContent = `已有 ${age}没有新报告。`;
  }
}
