"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 50;
  const [EVENT, STATE, ITEM, ENTERED, EXITED, STATUS, INPUT, OUTPUT, ERROR, CAUSE, ATTEMPTS, FRAMES] = Array(12).keys();
  const order = ["failed", "timed-out", "aborted", "running", "caught", "retried", "succeeded", "not-reached"];
  const byState = new Map();
  const byEvent = new Map();
  for (const visit of data.visits) {
    if (!byState.has(visit[STATE])) byState.set(visit[STATE], []);
    byState.get(visit[STATE]).push(visit);
    byEvent.set(visit[EVENT], visit);
  }
  let scope = "";
  let chosen = "";

  // Places on the time line: the content security policy allows no style attribute in the markup.
  for (const element of document.querySelectorAll("[data-left], [data-grow]")) {
    const { left, width, grow } = element.dataset;
    if (left) element.style.left = `${left}%`;
    if (width) element.style.width = `${width}%`;
    if (grow) element.style.flexGrow = grow;
  }

  // Every text reaches the page through textContent, never as markup.
  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (name === "class") element.className = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const human = (ms) => {
    if (ms < 1000) return `${ms} ms`;
    if (ms < 10000) return `${(ms / 1000).toFixed(1)} s`;
    const s = Math.round(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60);
    if (h) return `${h} h ${m % 60} min`;
    return m ? `${m} min ${s % 60} s` : `${s} s`;
  };
  const clock = (ms) => {
    const s = ms / 1000, two = (n) => String(Math.floor(n)).padStart(2, "0");
    return `${s >= 3600 ? Math.floor(s / 3600) + ":" : ""}${two((s / 60) % 60)}:${two(s % 60)}.${String(Math.floor(ms % 1000)).padStart(3, "0")}`;
  };
  const pretty = (text) => {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };
  const chip = (status) => make("span", { class: `chip c-${status}` }, data.labels[status]);
  const fold = (title, index) => {
    if (index < 0) return null;
    const details = make("details", {}, make("summary", {}, title));
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) details.append(make("pre", {}, pretty(data.payloads[index])));
    });
    return details;
  };
  // A name that begins with ">" heads a column of numbers.
  const head = (...names) => make("thead", {}, make("tr", {}, ...names.map((name) =>
    make("th", name.startsWith(">") ? { scope: "col", class: "n" } : { scope: "col" }, name.replace(">", "")))));

  const detail = document.getElementById("detail");
  const inScope = (visit) => !scope || !visit[ITEM] || visit[ITEM] === scope;

  function showVisit(visit, box) {
    box.replaceChildren(
      make("h4", {}, `Visit at ${clock(visit[ENTERED])}, for ${human(visit[EXITED] - visit[ENTERED])}`),
      make("p", {}, chip(visit[STATUS]), visit[ITEM] ? ` ${visit[ITEM]}` : ""),
    );
    if (visit[ERROR]) box.append(make("p", { class: "cause" }, make("strong", {}, visit[ERROR]), " ", cause(visit[CAUSE])));
    if (visit[ATTEMPTS].length && data.states[visit[STATE]]?.type !== "Map") {
      const body = visit[ATTEMPTS].map(([start, end, error, why], number) => make("tr", {},
        make("td", { class: "n" }, String(number + 1)), make("td", { class: "n" }, clock(start)),
        make("td", { class: "n" }, human(end - start)), make("td", {}, error ? `${error} ${cause(why)}` : "succeeded")));
      box.append(make("h4", {}, "Attempts"), make("table", { class: "list attempts" }, head(">#", ">After", ">Took", "Result"), make("tbody", {}, ...body)));
    }
    if (visit[FRAMES].length) {
      const body = visit[FRAMES].map(([label, status, start, end]) => make("tr", {},
        make("td", {}, label), make("td", {}, chip(status)), make("td", { class: "n" }, human(end - start)),
        make("td", {}, make("button", { onclick: () => setScope(label) }, "Show"))));
      box.append(make("h4", {}, `${visit[FRAMES].length} iterations`),
        make("div", { class: "scrolls" }, make("table", { class: "list" }, head("AMI", "Result", ">Took", ""), make("tbody", {}, ...body))));
    }
    const folds = [fold("Input", visit[INPUT]), fold("Output", visit[OUTPUT])].filter(Boolean);
    if (folds.length) box.append(make("h4", {}, "Data"), ...folds);
  }

  function cause(text) {
    try { return JSON.parse(text).errorMessage || text; } catch { return text; }
  }

  function choose(state, event) {
    chosen = state;
    document.querySelectorAll(".state.chosen").forEach((node) => node.classList.remove("chosen"));
    document.querySelectorAll(".state").forEach((node) => { if (node.dataset.state === state) node.classList.add("chosen"); });
    const about = data.states[state] || { type: "", comment: "", status: "not-reached" };
    const visits = (byState.get(state) || []).filter(inScope);
    const box = make("div");
    const status = order.find((each) => visits.some((visit) => visit[STATUS] === each)) || "not-reached";
    detail.replaceChildren(make("h3", {}, state), make("p", {}, about.type, " ", chip(scope ? status : about.status)));
    if (about.comment) detail.append(make("p", { class: "hint" }, about.comment));
    if (visits.length > 1) {
      const rows = [], named = visits.some((visit) => visit[ITEM]);
      const pick = (visit) => {
        rows.forEach(([row, each]) => row.classList.toggle("now", each === visit));
        showVisit(visit, box);
      };
      const body = visits.slice(0, 500).map((visit) => {
        const row = make("tr", {}, make("td", {}, make("button", { onclick: () => pick(visit), "aria-label": `Visit at ${clock(visit[ENTERED])}` }, clock(visit[ENTERED]))),
          named ? make("td", {}, visit[ITEM]) : null, make("td", { class: "n" }, human(visit[EXITED] - visit[ENTERED])), make("td", {}, chip(visit[STATUS])));
        rows.push([row, visit]);
        return row;
      });
      detail.append(make("h4", {}, `${visits.length} visits${visits.length > 500 ? ", the first 500 listed" : ""}`),
        make("div", { class: "scrolls" }, make("table", { class: "list" }, head("After", ...(named ? ["AMI"] : []), ">Took", "Result"), make("tbody", {}, ...body))));
      pick(visits.find((visit) => visit[EVENT] === event) || visits.find((visit) => visit[STATUS] === status) || visits[0]);
    } else if (visits.length) showVisit(visits[0], box);
    detail.append(box);
    const source = definitionOf(state);
    if (source) {
      const details = make("details", {}, make("summary", {}, "Definition"));
      details.addEventListener("toggle", () => {
        if (details.open && details.childElementCount === 1) details.append(make("pre", {}, JSON.stringify(source, null, 2)));
      });
      detail.append(details);
    }
  }

  function definitionOf(state) {
    let states = data.definition.States, found = null;
    for (const name of state.split(" / ")) {
      found = states?.[name];
      states = (found?.ItemProcessor || found?.Iterator)?.States || Object.assign({}, ...(found?.Branches || []).map((branch) => branch.States));
    }
    return found;
  }

  function setScope(item) {
    scope = item;
    document.querySelectorAll("[role=tab]").forEach((tab) => {
      const selected = tab.dataset.item === item;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
    });
    const select = document.getElementById("scope-select");
    if (select) select.value = item;
    document.querySelectorAll(".graph .state").forEach((node) => {
      const state = node.dataset.state, visits = byState.get(state) || [];
      const inner = visits.some((visit) => visit[ITEM]) || state.includes(" / ");
      let status = data.states[state].status;
      if (item && inner) status = order.find((each) => visits.some((visit) => visit[ITEM] === item && visit[STATUS] === each)) || "not-reached";
      node.setAttribute("class", node.getAttribute("class").replace(/\bs-[a-z-]+/, `s-${status}`));
      node.querySelector(".mark").setAttribute("href", `#i-${status}`);
      node.setAttribute("aria-label", `${state}, ${data.states[state].type}, ${data.labels[status]}`);
    });
    if (chosen) choose(chosen);
  }

  document.querySelectorAll(".graph .state").forEach((node) => {
    node.addEventListener("click", () => choose(node.dataset.state));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(node.dataset.state); }
    });
  });
  const reveal = () => document.getElementById("graph").scrollIntoView({ block: "start" });
  document.querySelectorAll(".pick").forEach((button) => button.addEventListener("click", () => { choose(button.dataset.state); reveal(); }));
  document.querySelectorAll(".bar").forEach((bar) => bar.addEventListener("click", () => {
    const visit = byEvent.get(Number(bar.dataset.visit));
    if (visit) { choose(visit[STATE], visit[EVENT]); reveal(); }
  }));
  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => setScope(tab.dataset.item));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length];
      next.focus();
      setScope(next.dataset.item);
    });
  });
  document.getElementById("scope-select")?.addEventListener("change", (event) => setScope(event.target.value));

  // The event table: one page of rows at a time, however many events there are.
  const body = document.querySelector("#events tbody");
  const find = document.getElementById("find"), faults = document.getElementById("faults");
  let rows = data.events, at = 0;
  const haystack = (event) => `${event[3]} ${event[4]} ${event[5]} ${event[9]} ${event[10]}`.toLowerCase();

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows = data.events.filter((event) => (!faults.checked || event[9]) && (!words.length || words.every((word) => haystack(event).includes(word))));
    at = 0;
    draw();
  }
  function draw() {
    body.replaceChildren(...rows.slice(at, at + PAGE).map((event) => {
      const [id, , after, type, state, item, , input, output, error, why] = event;
      const row = make("tr", error ? { class: "fault-row" } : {},
        make("td", { class: "n" }, String(id)), make("td", { class: "n" }, clock(after)), make("td", {}, type),
        make("td", {}, state), make("td", {}, item), make("td", {}, error));
      const has = [input >= 0 && "in", output >= 0 && "out", why && "cause"].filter(Boolean);
      const cell = make("td", { class: "data" });
      if (has.length) cell.append(make("button", { "aria-expanded": "false", "aria-label": `Data of event ${id}`, onclick: (click) => more(click.currentTarget, row, event) }, has.join(" · ")));
      row.append(cell);
      return row;
    }));
    document.getElementById("where").textContent = rows.length ? `${(at + 1).toLocaleString("en")}–${Math.min(at + PAGE, rows.length).toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "no event matches";
    document.getElementById("previous").disabled = at === 0;
    document.getElementById("next").disabled = at + PAGE >= rows.length;
  }
  function more(button, row, event) {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { row.nextElementSibling.remove(); return; }
    const cell = make("td", { colspan: "7" }, make("p", { class: "hint" }, `Event ${event[0]} follows event ${event[1]}`));
    for (const [title, index] of [["Input", event[7]], ["Output", event[8]]]) {
      if (index >= 0) cell.append(make("h4", {}, title), make("pre", {}, pretty(data.payloads[index])));
    }
    if (event[10]) cell.append(make("h4", {}, "Cause"), make("pre", {}, pretty(event[10])));
    row.after(make("tr", { class: "more" }, cell));
  }
  document.getElementById("previous").addEventListener("click", () => { at = Math.max(0, at - PAGE); draw(); });
  document.getElementById("next").addEventListener("click", () => { at += PAGE; draw(); });
  let pending;
  find.addEventListener("input", () => { clearTimeout(pending); pending = setTimeout(filter, 120); });
  faults.addEventListener("change", filter);
  draw();

  const noteworthy = [...data.visits].sort((a, b) => order.indexOf(a[STATUS]) - order.indexOf(b[STATUS]))[0];
  if (noteworthy && order.indexOf(noteworthy[STATUS]) < order.indexOf("retried")) choose(noteworthy[STATE], noteworthy[EVENT]);
})();
