// Searches titles and numbers, month by month from the newest, in files that lie beside this page. `say` is of site.js.
"use strict";

const MOST = 60;
const form = document.getElementById("search");
const query = document.getElementById("query");
const status = document.getElementById("status");
const results = document.getElementById("results");
const loaded = new Map();
let asked = 0;

async function fetched(name) {
  if (!loaded.has(name)) {
    const answer = await fetch(`${form.dataset.index}${name}.json`);
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    loaded.set(name, await answer.json());
  }
  return loaded.get(name);
}

function finder(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return ([number, , title]) => {
    const low = title.toLowerCase();
    return words.every((word) => low.includes(word) || String(number) === word.replace(/^#/, ""));
  };
}

function link(address, text) {
  const anchor = document.createElement("a");
  anchor.href = form.dataset.root + address.slice(1);
  anchor.textContent = text;
  return anchor;
}

function show([number, isPull, title, places], reports) {
  const row = document.createElement("li");
  const where = document.createElement("span");
  where.className = "in";
  row.append(`${isPull ? "PR" : "Issue"} #${number} ${title}`, where);
  for (const place of places.slice(0, 4)) where.append(link(...reports[place]), "\u3000");
  if (places.length > 4) where.append(say("reports", { count: places.length }));
  results.append(row);
}

async function search() {
  const turn = ++asked;
  const text = query.value.trim();
  history.replaceState(null, "", text ? `?q=${encodeURIComponent(text)}` : location.pathname);
  results.replaceChildren();
  status.textContent = "";
  if (!text) return;
  const matches = finder(text);
  let count = 0;
  try {
    for (const month of await fetched("months")) {
      status.textContent = say("searching", { month });
      const index = await fetched(month);
      if (turn !== asked) return;
      for (const thread of index.threads.filter(matches)) {
        if (count < MOST) show(thread, index.reports);
        count += 1;
      }
      if (count >= MOST) break;
    }
  } catch (error) {
    if (turn === asked) status.textContent = say("failed", { error: error.message });
    return;
  }
  status.textContent = count >= MOST ? say("most", { count: MOST }) : say("found", { count });
}

let wait;
query.addEventListener("input", () => {
  clearTimeout(wait);
  wait = setTimeout(search, 150);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
query.value = new URLSearchParams(location.search).get("q") ?? "";
if (query.value) search();
