// Searches threads month by month from the newest, in files that lie beside this page (`site/search.py`). `say` is of
// site.js. Words are found anywhere in a text, so Chinese needs no word breaks and a part of a number will do.
"use strict";

const MOST = 60;
const PLACES = 3;
const ADDRESS = /(?:https?:\/\/)?(?:www\.)?github\.com\/([\w.-]+\/[\w.-]+)\/(?:pull|issues)\/(\d+)\S*|([\w.-]+\/[\w.-]+)#(\d+)/g;
const form = document.getElementById("search");
const { q: query, focus, kind, state, month: monthChoice } = form.elements;
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

const plain = (text) => text.normalize("NFKC").toLowerCase();

// The threads of a month as objects; `text` is what is searched of each.
async function threadsOf(month) {
  const index = await fetched(month);
  index.read ??= index.threads.map(
    ([number, repo, isPull, stateOf, isFocus, hasStory, title, names, places]) => {
      const words = names.map((place) => index.names[place]);
      const text = plain([title, ...words, isFocus ? form.dataset.focus : ""].join("\n"));
      const reports = places.map((place) => index.reports[place]);
      return { number, repo: index.repos[repo], isPull, state: stateOf, isFocus, hasStory, title, words, reports, text };
    },
  );
  return index.read;
}

// What a query asks for: addresses of threads, and words of which each has to be found.
function wanted(text) {
  const threads = [];
  const rest = plain(text).replace(ADDRESS, (_, repo, number, short, of) => {
    threads.push({ repo: repo ?? short, number: number ?? of });
    return " ";
  });
  return { threads, words: rest.split(/\s+/).filter((word) => word && word !== "#") };
}

function finder({ threads, words }) {
  return (thread, said) => {
    const number = String(thread.number);
    const isNamed = threads.every((one) => one.number === number && thread.repo.toLowerCase().endsWith(`/${one.repo}`));
    const text = said ? `${thread.text}\n${said}` : thread.text;
    return isNamed && words.every((word) =>
      word.startsWith("#") ? number.startsWith(word.slice(1)) : number.includes(word) || text.includes(word));
  };
}

function isChosen(thread) {
  return (
    (!focus?.checked || thread.isFocus) &&
    (!kind.value || Number(kind.value) === thread.isPull) &&
    (!state.value || Number(state.value) === thread.state)
  );
}

function link(address, text) {
  const anchor = document.createElement("a");
  anchor.href = address.startsWith("/") ? form.dataset.root + address.slice(1) : address;
  anchor.textContent = text;
  return anchor;
}

function part(name, ...children) {
  const element = document.createElement("span");
  element.className = name;
  element.append(...children);
  return element;
}

function show(thread, text, words) {
  const { number, isPull, title, reports } = thread;
  const row = document.createElement("li");
  const kindOf = kind.options[isPull + 1].text;
  const [[address]] = reports;
  row.append(
    part("state-of", state.options[thread.state + 1].text), ` ${kindOf} `,
    link(`${address}#t${number}`, `#${number} ${title || say("untitled")}`),
    part("in", [...thread.words, thread.isFocus ? form.dataset.focus : ""].filter(Boolean).join(" · ")),
  );
  const quote = text && around(text, words);
  if (quote) row.append(part("in", quote));
  const where = part("in", link(`${thread.repo}/${isPull ? "pull" : "issues"}/${number}`, "GitHub"), " · ");
  if (thread.hasStory) where.append(link(`/threads/${number}/`, say("story")), " · ");
  for (const [place, label] of reports.slice(0, PLACES)) where.append(link(`${place}#t${number}`, label), "\u3000");
  if (reports.length > PLACES) where.append(say("reports", { count: reports.length }));
  row.append(where);
  results.append(row);
}

// The piece of a model's sentences in which a word was found.
function around(text, words) {
  const low = plain(text);
  const at = Math.min(...words.map((word) => low.indexOf(word)).filter((place) => place >= 0));
  if (!Number.isFinite(at)) return "";
  const start = Math.max(0, at - 30);
  return `${start ? "…" : ""}${text.slice(start, at + 70)}${at + 70 < text.length ? "…" : ""}`;
}

function remember(text) {
  const asks = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", asks.size ? `?${asks}` : location.pathname);
  return text || [...asks].length > 0;
}

async function search() {
  const turn = ++asked;
  const text = query.value.trim();
  const isAsked = remember(text);
  results.replaceChildren();
  status.textContent = "";
  if (!isAsked) return;
  const asks = wanted(text);
  const matches = finder(asks);
  const shown = new Set();
  const add = (thread, said) => {
    const key = `${thread.repo}#${thread.number}`;
    if (shown.has(key) || !isChosen(thread) || !matches(thread, said && plain(said))) return;
    shown.add(key);
    if (shown.size <= MOST) show(thread, said, asks.words);
  };
  try {
    for (const [month, isTold] of await fetched("months")) {
      if (monthChoice.value && monthChoice.value !== month) continue;
      if (shown.size >= MOST) break;
      status.textContent = say("searching", { month });
      const threads = await threadsOf(month);
      if (turn !== asked) return;
      const named = new Set(asks.words.map((word) => word.replace(/^#/, "")));
      const rank = (thread) => (named.has(String(thread.number)) ? 0 : 1);
      for (const thread of [...threads].sort((one, other) => rank(one) - rank(other))) add(thread);
      if (!isTold || !asks.words.length || shown.size >= MOST) continue;
      const said = await fetched(`${month}.said`);
      if (turn !== asked) return;
      for (const [place, sentences] of Object.entries(said)) add(threads[place], sentences);
    }
  } catch (error) {
    if (turn === asked) status.textContent = say("failed", { error: error.message });
    return;
  }
  const count = Math.min(shown.size, MOST);
  status.textContent = say(!count ? "nothing" : shown.size >= MOST ? "most" : "found", { count });
}

async function begin() {
  const asks = new URLSearchParams(location.search);
  // Before anything is loaded, so that what somebody types meanwhile stays.
  for (const field of [query, kind, state]) field.value = asks.get(field.name) ?? "";
  if (focus) focus.checked = asks.has("focus");
  try {
    for (const [month] of await fetched("months")) monthChoice.add(new Option(month, month));
  } catch (error) {
    status.textContent = say("failed", { error: error.message });
    return;
  }
  monthChoice.value = asks.get(monthChoice.name) ?? "";
  if (asks.size && !asked) search();
}

let wait;
query.addEventListener("input", () => {
  clearTimeout(wait);
  wait = setTimeout(search, 150);
});
form.addEventListener("change", (event) => {
  if (event.target !== query) search();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
begin();
