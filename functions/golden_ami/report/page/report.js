
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const number = new Intl.NumberFormat("en");
  const PAGE = 25;

  // Everything that comes from outside enters the page as text, here and only here.
  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "onclick") made.addEventListener("click", value);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  }
  const link = (url, text) =>
    /^https?:\/\//.test(url) ? element("a", { href: url, rel: "noopener noreferrer" }, text) : document.createTextNode(text);
  const chip = (text, kind) => element("span", { class: "chip " + (kind || "") }, text);
  const heading = (text) => element("h3", {}, text);
  const list = (items) => element("ul", {}, ...items.map((item) => element("li", {}, item)));

  /* A table that filters, sorts and turns pages, and makes only the rows of the page that is shown. */
  class Grid {
    constructor(table, pager, { caption, columns, rows, detail, sort }) {
      Object.assign(this, { table, pager, columns, rows, detail, page: 0, sort, shown: rows, opened: new Set() });
      this.body = element("tbody");
      this.heads = columns.map((column, at) =>
        element("th", { scope: "col", class: column.class },
          column.value ? element("button", { type: "button", onclick: () => this.by(at) }, column.title) : column.title));
      table.append(element("caption", { class: "hidden" }, caption), element("thead", {}, element("tr", {}, ...this.heads)), this.body);
      this.status = element("span", { role: "status", "aria-live": "polite" });
      this.back = element("button", { type: "button", onclick: () => this.turn(-1) }, "Previous");
      this.on = element("button", { type: "button", onclick: () => this.turn(1) }, "Next");
      pager.append(this.status, this.back, this.on);
      this.arrange();
    }
    by(at) {
      const first = this.columns[at].down ? -1 : 1;
      this.sort = this.sort && this.sort.at === at ? { at, way: -this.sort.way } : { at, way: first };
      this.arrange();
    }
    filter(test) {
      this.shown = this.rows.filter(test);
      this.arrange();
    }
    arrange() {
      if (this.sort) {
        const { at, way } = this.sort;
        const key = this.columns[at].value;
        const keyed = this.shown.map((row) => [key(row), row]);
        keyed.sort(([one], [other]) => way * (typeof one === "string" ? one.localeCompare(other, "en", { numeric: true }) : one - other));
        this.shown = keyed.map(([, row]) => row);
      }
      this.heads.forEach((head, at) => {
        const mine = this.sort && this.sort.at === at;
        if (!this.columns[at].value) return;
        head.setAttribute("aria-sort", mine ? (this.sort.way > 0 ? "ascending" : "descending") : "none");
      });
      this.page = 0;
      this.draw();
    }
    turn(pages) {
      this.page += pages;
      this.draw();
      this.table.scrollIntoView({ block: "nearest" });
      (pages > 0 ? this.on : this.back).disabled && (pages > 0 ? this.back : this.on).focus();
    }
    draw() {
      const from = this.page * PAGE;
      const rows = this.shown.slice(from, from + PAGE);
      this.body.replaceChildren(...rows.flatMap((row) => this.row(row)));
      if (!rows.length) this.body.append(element("tr", {}, element("td", { colspan: this.columns.length, class: "quiet" }, "Nothing matches.")));
      const to = Math.min(from + PAGE, this.shown.length);
      this.status.textContent = this.shown.length
        ? `${number.format(from + 1)}–${number.format(to)} of ${number.format(this.shown.length)}` : "0 of " + number.format(this.rows.length);
      this.back.disabled = !this.page;
      this.on.disabled = to >= this.shown.length;
      this.back.hidden = this.on.hidden = this.shown.length <= PAGE;
    }
    row(row) {
      const cells = this.columns.map((column, at) => {
        const content = column.cell(row, this);
        return element(at === 0 ? "th" : "td", { class: column.class, scope: at === 0 ? "row" : null }, ...[content].flat());
      });
      const line = element("tr", {}, ...cells);
      return this.opened.has(row) ? [line, this.drawer(row)] : [line];
    }
    drawer(row) {
      return element("tr", { class: "detail", id: `${this.table.id}-${this.rows.indexOf(row)}` },
        element("td", { colspan: this.columns.length }, ...this.detail(row)));
    }
    opener(row, text) {
      const button = element("button", { type: "button", class: "open", "aria-expanded": String(this.opened.has(row)) }, text);
      button.addEventListener("click", () => {
        const line = button.closest("tr");
        const opened = !this.opened.has(row);
        opened ? this.opened.add(row) : this.opened.delete(row);
        opened ? line.after(this.drawer(row)) : line.nextElementSibling.remove();
        button.setAttribute("aria-expanded", String(opened));
      });
      return button;
    }
  }

  const count = (value) => (value ? number.format(value) : element("span", { class: "zero" }, "0"));
  const unknown = () => element("span", { class: "zero" }, element("span", { "aria-hidden": "true" }, "–"), element("span", { class: "hidden" }, "unknown"));
  // Of an AMI that is not assessed what was found is known, and never that there is nothing.
  const known = (ami, found) => (ami.reason && !found ? null : found);
  const shown = (ami, found) => (known(ami, found) === null ? unknown() : count(found));
  const marks = { COMPLETE: "✓", PENDING: "…", PARTIAL: "◐", MISSING: "✕", NOT_APPLICABLE: "–" };
  const kinds = { operatingSystem: "system", languagePackages: "languages", exploitData: "exploit data", cis: "CIS" };
  const evidence = (ami) => ami.evidence.length ? element("span", { class: "sub evidence" }, element("span", { class: "hidden" }, "Evidence: "),
    ...ami.evidence.map(([kind, status, words]) => element("span", { class: "seen " + status.toLowerCase() },
      element("span", { "aria-hidden": "true" }, marks[status] + "\u00a0"), kinds[kind] || kind, element("span", { class: "hidden" }, ` ${words}, `)))) : "";
  const counted = (title, severity, kind) => ({
    title, class: "num " + (kind || ""), down: true,
    value: (ami) => known(ami, ami.counts[severity]) ?? -1,
    cell: (ami) => shown(ami, ami.counts[severity]),
  });
  const order = { FAIL: 0, NOT_ASSESSED: 1, PASS: 2 };

  data.amis.forEach((ami, at) => {
    ami.at = at;
    ami.words = [ami.name, ami.id, ami.owner, ami.lineage, ...ami.tags.flat()].join("\n").toLowerCase();
  });
  const amis = new Grid(document.getElementById("ami-table"), document.getElementById("ami-pager"), {
    caption: "AMIs, each with its verdict and findings by severity",
    rows: data.amis,
    columns: [
      { title: "AMI", value: (ami) => ami.name || ami.id, cell: (ami, grid) => [grid.opener(ami, ami.name || ami.id), element("span", { class: "sub" }, [ami.id, ami.owner].filter(Boolean).join(" · ")), evidence(ami)] },
      { title: "Verdict", value: (ami) => order[ami.verdict], cell: (ami) => [element("span", { class: "verdict " + (ami.reportOnly ? "only" : ami.verdict.toLowerCase()) }, ami.verdictWords),
        ami.last || ami.grace ? element("span", { class: "sub" }, [ami.last, ami.grace && `grace until ${ami.grace[1]}`].filter(Boolean).join(" · ")) : ""] },
      { title: "Failing", class: "num", down: true, value: (ami) => ami.failing, cell: (ami) => shown(ami, ami.failing) },
      { title: "Exploited", class: "num", down: true, value: (ami) => known(ami, ami.exploited) ?? -1, cell: (ami) => shown(ami, ami.exploited) },
      counted("Critical", 0), counted("High", 1), counted("Medium", 2, "wide"), counted("Low", 3, "wide"), counted("Other", 4, "wide"),
      { title: "Change", class: "nowrap wide", down: true, value: (ami) => (ami.change ? ami.change[0] - ami.change[1] : -1e9),
        cell: (ami) => (ami.change ? [chip("+" + ami.change[0], ami.change[0] ? "hot" : ""), chip("−" + ami.change[1], ami.change[1] ? "good" : "")] : ami.reason ? "" : "first time") },
    ],
    detail: amiDetail,
  });
  data.amis.forEach((ami) => { ami.counts[4] += ami.counts[5]; });
  amis.draw();

  function amiDetail(ami) {
    const parts = [];
    if (ami.reason) parts.push(heading("Not assessed"), element("p", {}, ami.reason[0]), element("p", {}, ami.reason[1]));
    if (ami.evidence.length) parts.push(heading("Evidence"), list(ami.evidence.map(([kind, , words, detail, at, remedy]) =>
      `${kind}: ${words}${detail ? ", " + detail : ""}${at ? ` (${at})` : ""}${remedy ? ". " + remedy : ""}`)));
    if (ami.suppressed) parts.push(heading("Suppressed in Inspector"), element("p", {}, number.format(ami.suppressed)));
    if (ami.closed) parts.push(heading("Closed after boot"), element("p", {}, number.format(ami.closed)));
    if (ami.why) parts.push(heading("Fails on"), element("p", {}, ami.why));
    if (ami.upgrades.length) parts.push(heading("Upgrades"), list(ami.upgrades.map(([name, from, to, closes, exploited, together, command]) =>
      `${name} ${from} → ${to} closes ${closes}${exploited ? `, ${exploited} exploited` : ""}${together.map((one) => "; " + one).join("")}${command ? ": " + command : ""}`)));
    if (ami.change) {
      const [fresh, fixed, open, days] = ami.change;
      parts.push(heading("Since " + ami.against), element("p", {}, `${fresh} new, ${fixed} fixed, ${open} still open${open ? ` (the oldest for ${days} days)` : ""}${ami.note ? "; " + ami.note : ""}`));
      if (ami.fixed.length) parts.push(element("p", { class: "quiet" }, "Fixed: " + ami.fixed.join(", ") + (fixed > ami.fixed.length ? " …" : "")));
    }
    if (ami.grace) parts.push(heading("In grace"), element("p", {}, `${number.format(ami.grace[0])}, the first until ${ami.grace[1]}`));
    if (ami.done.length) parts.push(heading("Done"), list(ami.done));
    if (ami.notes.length) parts.push(heading("Notes"), list(ami.notes));
    if (ami.tags.length) parts.push(heading("Tags"), element("p", {}, ...ami.tags.map(([key, value]) => chip(value ? `${key} = ${value}` : key))));
    if (ami.lineage) parts.push(heading("Lineage"), element("p", {}, ami.lineage + (ami.lineageRule ? ` (by: ${ami.lineageRule})` : "")));
    parts.push(heading("Where"), element("p", {}, [ami.place, "engine " + ami.engine, ami.instance && "instance " + ami.instance, ami.scanned && "scanned " + ami.scanned].filter(Boolean).join(", ")));
    if (ami.total) parts.push(element("button", { type: "button", onclick: () => showFindings(ami) }, `Show its ${number.format(ami.total)} finding${ami.total === 1 ? "" : "s"}`));
    return parts;
  }

  const [KNOWN, EXPLOIT, FIXABLE, FAILS, ACCEPTED, SUPPRESSED, SUPPORT, CLOSED] = [1, 2, 4, 8, 16, 32, 64, 128];
  const findings = data.findings.map(([ami, severity, id, title, packages, score, epss, flags, since, change, rule, tolerated]) =>
    ({ ami: data.amis[ami], severity, id, title, packages, score, epss, flags, since, change, rule, tolerated,
       words: [id, title, ...packages.flat()].join("\n").toLowerCase() }));
  const grid = new Grid(document.getElementById("finding-table"), document.getElementById("finding-pager"), {
    caption: "Findings, the failing and most urgent first",
    rows: findings,
    columns: [
      { title: "Vulnerability", value: (row) => row.id || row.title, cell: (row, grid) => [grid.opener(row, row.id || row.title), element("span", { class: "sub" }, row.ami.name || row.ami.id)] },
      { title: "Severity", value: (row) => row.severity, cell: (row) => { const name = data.severities[row.severity].toLowerCase(); return element("span", { class: "severity " + name }, name); } },
      { title: "Package", value: (row) => (row.packages[0] || [""])[0], cell: (row) => row.packages.slice(0, 3).map(([name, from, to]) => element("div", {}, name, element("span", { class: "quiet" }, ` ${from}${to ? " → " + to : ""}`))) },
      { title: "Score", class: "num wide", down: true, value: (row) => row.score ?? -1, cell: (row) => (row.score === null ? "" : row.score.toFixed(1)) },
      { title: "EPSS", class: "num wide nowrap", down: true, value: (row) => row.epss ?? -1, cell: (row) => (row.epss === null ? "" : (100 * row.epss).toFixed(1) + "\u00a0%") },
      { title: "Since", class: "nowrap wide", value: (row) => row.since, cell: (row) => row.since },
      { title: "", cell: (row) => [
        row.flags & FAILS ? chip("fails", "hot") : "", row.flags & KNOWN ? chip("known exploited", "hot") : row.flags & EXPLOIT ? chip("exploit", "warn") : "",
        row.change === "NEW" ? chip("new", "warn") : "", row.flags & SUPPORT ? chip("end of support", "warn") : "", row.flags & ACCEPTED ? chip("accepted") : "", row.flags & SUPPRESSED ? chip("suppressed") : "", row.flags & CLOSED ? chip("closed after boot") : "", row.flags & FIXABLE ? "" : row.packages.length ? chip("no fix") : ""] },
    ],
    detail: findingDetail,
  });

  function findingDetail(row) {
    const [description, url, remedy, cwes] = data.texts[row.id || row.title] || ["", "", "", []];
    const parts = [element("p", {}, element("strong", {}, row.title))];
    if (row.flags & SUPPRESSED) parts.push(element("p", {}, "Suppressed by a rule of Amazon Inspector"));
    if (row.flags & CLOSED) parts.push(element("p", {}, "Closed by Amazon Inspector after boot: the image has it"));
    if (description) parts.push(element("p", {}, description));
    if (row.rule) parts.push(heading("Policy"), element("p", {}, row.tolerated ? `${row.rule}, tolerated: ${row.tolerated}` : `fails on ${row.rule}`));
    const fixes = row.packages.map(([name, from, to, architecture, path]) =>
      `${name} ${from} ${to ? "→ " + to : "(no fix is known)"}${architecture ? ", " + architecture : ""}${path ? ", " + path : ""}`);
    if (fixes.length) parts.push(heading("Packages"), list(fixes));
    if (remedy) parts.push(heading("Remedy"), element("p", {}, remedy));
    parts.push(heading("Where"), element("p", {}, `${row.ami.name || row.ami.id} (${row.ami.id}), since ${row.since}${cwes.length ? ", " + cwes.join(", ") : ""}`));
    if (url) parts.push(element("p", {}, link(url, url)));
    return parts;
  }

  const amiForm = document.getElementById("ami-filters");
  const findingForm = document.getElementById("finding-filters");
  const later = (call) => { let timer; return () => { clearTimeout(timer); timer = setTimeout(call, 120); }; };

  function filterAmis() {
    const { text, verdict } = Object.fromEntries(new FormData(amiForm));
    const wanted = text.trim().toLowerCase();
    amis.filter((ami) => (!verdict || ami.verdict === verdict) && ami.words.includes(wanted));
  }
  function filterFindings() {
    const given = Object.fromEntries(new FormData(findingForm));
    const wanted = given.text.trim().toLowerCase();
    grid.filter((row) =>
      (!given.ami || row.ami.at === Number(given.ami)) && (!given.severity || row.severity === Number(given.severity)) &&
      (!given.fails || row.flags & FAILS) && (!given.fresh || row.change === "NEW") && (!given.exploited || row.flags & (KNOWN | EXPLOIT)) &&
      (!given.fixable || row.flags & FIXABLE) && (!given.accepted || row.flags & ACCEPTED) && (!given.suppressed || row.flags & SUPPRESSED) && (!given.closed || row.flags & CLOSED) && row.words.includes(wanted));
  }
  function showFindings(ami) {
    findingForm.reset();
    findingForm.elements.ami.value = String(ami.at);
    filterFindings();
    const section = document.getElementById("findings");
    section.scrollIntoView();
    section.focus({ preventScroll: true });
  }

  for (const ami of data.amis) if (ami.total) findingForm.elements.ami.append(element("option", { value: ami.at }, `${ami.name || ami.id} (${number.format(ami.total)})`));
  data.severities.forEach((name, at) => findingForm.elements.severity.append(element("option", { value: at }, name.toLowerCase())));
  for (const [form, apply] of [[amiForm, filterAmis], [findingForm, filterFindings]]) {
    form.addEventListener("input", later(apply));
    form.addEventListener("reset", () => setTimeout(apply));
    form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  }
})();
