"use strict";
// Fills the list of all cases. Everything that a target sent becomes text nodes; nothing here writes markup.
(() => {
  const PAGE = 200;
  const byId = (id) => document.getElementById(id);
  const index = JSON.parse(byId("index").textContent);
  const [RUN, VERDICT, IMPACT, SUITE, CASE, TITLE, REQUIREMENT, REASON] = [0, 1, 2, 3, 4, 5, 6, 7];
  const form = byId("filter");
  const list = byId("rows");
  const more = byId("more");
  let found = [];
  let drawn = 0;

  // The same characters as in the harness: what cannot be seen, or changes how the rest is read, is spelt out.
  const HIDDEN = new RegExp(
    "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u115f\\u1160" +
      "\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\u{d800}-\\u{dfff}\\ue000-\\uf8ff" +
      "\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffc\\ufffe\\uffff\\u{e0000}-\\u{e0fff}\\u{f0000}-\\u{10ffff}]" +
      "|[\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f]{4,}",
    "gu",
  );

  const spell = (text) => Array.from(text, (c) => `\\u{${c.codePointAt(0).toString(16)}}`).join("");

  const pieces = (text) => {
    const nodes = [];
    let at = 0;
    for (const hit of text.matchAll(HIDDEN)) {
      if (hit.index > at) nodes.push(document.createTextNode(text.slice(at, hit.index)));
      const spelt = document.createElement("span");
      spelt.className = "spelt";
      spelt.textContent = spell(hit[0]);
      nodes.push(spelt);
      at = hit.index + hit[0].length;
    }
    if (at < text.length) nodes.push(document.createTextNode(text.slice(at)));
    return nodes;
  };

  const make = (name, className, ...children) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    for (const child of children) {
      if (child === null || child === undefined || child === "") continue;
      element.append(...(typeof child === "string" ? pieces(child) : [child]));
    }
    return element;
  };

  const slug = (word) => word.replaceAll(" ", "-");
  const text = (row, column) => index.strings[row[column]];
  const verdictOf = (row) => index.verdicts[row[VERDICT]];

  // Packed evidence: one chunk is inflated when its first case is opened.
  const chunks = new Map();
  const inflate = async (number) => {
    const packed = Uint8Array.from(atob(byId(`chunk-${number}`).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };
  const details = async (place) => {
    const number = Math.floor(place / index.chunk);
    if (!chunks.has(number)) {
      chunks.set(number, inflate(number));
      if (chunks.size > 20) chunks.delete(chunks.keys().next().value);
    }
    return (await chunks.get(number))[place % index.chunk];
  };

  const block = (title, body) => {
    const pre = make("pre", "", body);
    pre.tabIndex = 0;
    return make("figure", "block", make("figcaption", "", title), pre);
  };
  const pair = (className, ...both) => make("div", className, ...both);

  const exchange = (e) => {
    const box = make("details", e.judged ? "exchange judged" : "exchange");
    box.open = e.judged;
    const came = e.outcome ? `${e.answer}, ${e.outcome}` : e.answer;
    box.append(
      make(
        "summary", "",
        make("span", "step", String(e.number)), " ", make("span", "who", `${e.sender} to ${e.endpoint}`), " ",
        make("code", "line", e.line), " ", make("span", `came o-${e.outcome || "none"}`, came), " ",
        make("span", "purpose", e.meaning),
      ),
    );
    if (e.difference) {
      box.append(make("p", "differs", make("b", "", "Changed by the case"), " ", make("code", "", e.difference)));
    }
    if (e.control && (e.differs.length || !e.difference)) {
      const found = e.differs.flatMap((one) => [" ", make("code", "", one)]);
      const what = make("b", "", `Differs from request ${e.control}, the honest one, in`);
      box.append(make("p", "differs", what, ...(found.length ? found : [" nothing but what is new in each request"])));
    }
    box.append(pair("pair", block("Sent", e.request), block("Came back", e.response)));
    for (const one of e.arrived) box.append(block("Arrived behind the proxy", one));
    for (const d of e.decoded) {
      const claims = `Claims of the ${d.kind}${d.note ? `: ${d.note}` : ""}`;
      box.append(pair("pair decoded", block(`Header of the ${d.kind}`, d.header), block(claims, d.claims)));
    }
    if (e.request_raw || e.response_raw) {
      const raw = pair("pair", block("Sent", e.request_raw), block("Came back", e.response_raw));
      box.append(make("details", "raw", make("summary", "", "Bytes on the wire"), raw));
    }
    if (e.facts) box.append(make("p", "facts", e.facts));
    return box;
  };

  const term = (name, value, className = "") =>
    value ? make("div", className, make("dt", "", name), make("dd", "", value)) : null;

  const fill = (box, row, whole) => {
    const compare = make(
      "dl", "compare",
      term("Expected", whole.expected), term("Actual", whole.actual, "actual"),
      term("The one difference from the accepted request", whole.difference),
    );
    box.replaceChildren(
      make("p", "meta", make("code", "", text(row, CASE)), " · ", text(row, REQUIREMENT)),
      ...(whole.rationale ? [make("p", "why", whole.rationale)] : []),
      ...(text(row, REASON) ? [make("p", "", text(row, REASON))] : []),
      ...(compare.childElementCount ? [compare] : []),
      ...(whole.remarks || []).map((remark) => make("p", "", remark)),
      ...(whole.signals || []).map(([situation, expected, seen, verdict]) =>
        make("p", "signal", make("span", `tag v-${slug(verdict)}`, verdict), ` ${situation}: expected ${expected}; seen ${seen}`)),
      ...(whole.known ? [make("p", "baseline", `Known failure until ${whole.known[2]}, owned by ${whole.known[1]}: ${whole.known[0]}`)] : []),
      ...(whole.exchanges || []).map(exchange),
      ...(whole.lost ? [make("p", "quiet", "The evidence file was not beside the results.")] : []),
      ...(!whole.exchanges && !whole.lost ? [make("p", "quiet", "Nothing was sent.")] : []),
      ...(whole.reproduce ? [withCopy(make("pre", "command", whole.reproduce))] : []),
    );
  };

  const open = async (item, place) => {
    const box = item.querySelector(".body");
    if (box.childElementCount) return;
    box.append(make("p", "quiet opening", "Opening"));
    try {
      fill(box, index.rows[place], await details(place));
    } catch (error) {
      box.replaceChildren(make("p", "none", `The evidence could not be opened: ${error.message}`));
    }
  };

  const line = (place) => {
    const row = index.rows[place];
    const verdict = verdictOf(row);
    const item = make(
      "details", `case e-${slug(verdict)}`,
      make(
        "summary", "",
        make("span", "marks", make("span", `tag v-${slug(verdict)}`, verdict)),
        make("span", "what", make("span", "title", text(row, TITLE)), make("code", "", text(row, CASE))),
        make("span", "where", index.runs[row[RUN]]),
        make("span", `tag i-${index.impacts[row[IMPACT]]}`, index.impacts[row[IMPACT]]),
      ),
      make("div", "body"),
    );
    item.id = `case-${place}`;
    item.addEventListener("toggle", () => item.open && open(item, place));
    const entry = make("li", "", item);
    return entry;
  };

  const draw = () => {
    const part = document.createDocumentFragment();
    const until = Math.min(found.length, drawn + PAGE);
    for (; drawn < until; drawn += 1) part.append(line(found[drawn]));
    list.append(part);
    more.hidden = drawn >= found.length;
    more.textContent = `Show ${Math.min(PAGE, found.length - drawn)} more of ${(found.length - drawn).toLocaleString("en-GB")}`;
  };

  const show = (places) => {
    found = places;
    drawn = 0;
    list.replaceChildren();
    draw();
    const all = index.rows.length.toLocaleString("en-GB");
    form.elements.shown.value = found.length === index.rows.length ? `${all} cases` : `${found.length.toLocaleString("en-GB")} of ${all}`;
  };

  const haystacks = index.strings.map((string) => string.toLowerCase());
  const filter = () => {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = words.map((word) => haystacks.map((string) => string.includes(word)));
    const wanted = ["verdict", "suite", "run"].map((name) => form.elements[name].value);
    const places = [];
    index.rows.forEach((row, place) => {
      if (wanted[0] && verdictOf(row) !== wanted[0]) return;
      if (wanted[1] && text(row, SUITE) !== wanted[1]) return;
      if (wanted[2] && index.runs[row[RUN]] !== wanted[2]) return;
      if (hits.every((hit) => hit[row[CASE]] || hit[row[TITLE]] || hit[row[REQUIREMENT]] || hit[row[REASON]])) places.push(place);
    });
    show(places);
  };

  const options = (select, values) => {
    for (const value of values) {
      const option = make("option", "", value);
      option.value = value;
      select.append(option);
    }
    if (values.length < 2) select.closest("label").hidden = true;
  };

  const withCopy = (pre) => {
    pre.tabIndex = 0;
    const button = make("button", "copy", "Copy");
    button.type = "button";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(pre.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(pre);
        button.textContent = "Selected";
      }
    });
    return make("div", "copyable", pre, button);
  };

  // Where a link leads: a case of the list is drawn and opened, a folded finding is unfolded.
  const follow = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const place = /^case-\d+$/.test(name) ? Number(name.slice(5)) : -1;
    if (place >= 0 && place < index.rows.length) {
      if (!byId(name)) {
        form.reset();
        show([place, ...index.rows.keys()].filter((other, at) => at === 0 || other !== place));
      }
      byId(name).open = true;
    }
    const goal = byId(name);
    for (let box = goal; box; box = box.parentElement) if (box.localName === "details") box.open = true;
    if (goal) goal.scrollIntoView();
  };

  options(form.elements.verdict, index.verdicts.filter((_, n) => index.rows.some((row) => row[VERDICT] === n)));
  options(form.elements.suite, [...new Set(index.rows.map((row) => text(row, SUITE)))].sort());
  options(form.elements.run, index.runs);
  form.hidden = false;
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  more.addEventListener("click", draw);
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && !more.hidden && draw(), { rootMargin: "400px" }).observe(more);
  for (const pre of document.querySelectorAll("pre.command")) {
    const place = document.createComment("");
    pre.before(place);
    place.replaceWith(withCopy(pre));
  }
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => {
    for (const box of document.querySelectorAll(".finding")) box.open = true;
  });
  filter();
  if (location.hash) follow();
})();
