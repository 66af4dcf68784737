// The page: takes files, shows progress, and says in words what check.js found. WORDS is put in when the page is written.

const $ = (id) => document.getElementById(id);
const SIGNS = { same: "✓", differs: "✗", unchecked: "–" };
/** The reader's language: the first of the browser's that the page has. Who reads a neighbour of Indonesian reads that; who names no language too. */
const INDONESIAN = ["id", "in", "ms", "jv", "su"]; // "in": what Indonesian was called before
function languageOf(browser) {
  const wanted = browser.map((tag) => tag.toLowerCase().split("-")[0]);
  const found = wanted.find((tag) => tag === "en" || INDONESIAN.includes(tag));
  return found ? (found === "en" ? "en" : "id") : wanted.length ? "en" : "id";
}
const page = { language: languageOf(navigator.languages ?? []), files: new Map(), result: null, seconds: 0, stage: null, commitment: "", run: 0, trouble: null };

const LOCALES = { id: "id-ID", en: "en-GB" };
const number = (n) => new Intl.NumberFormat(LOCALES[page.language]).format(n);
const word = (key, values = {}) => WORDS[key][page.language].replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));

/** An element with text; the pieces are strings and elements, never markup. */
function make(tag, className, ...pieces) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...pieces);
  return element;
}

/** Text with the hashes in it set apart: they are long, and are compared digit by digit. */
const rich = (text) => text.split(/([0-9a-f]{64,})/).map((piece, n) => (n % 2 ? make("span", "hash", piece) : piece));

// ---- files

/** Files to check. `whole`: a folder, which stands alone. A choice after a check, or after a mistake, begins anew. */
async function take(files, whole) {
  if (whole || page.result || page.trouble) page.files.clear();
  Object.assign(page, { result: null, stage: null, run: page.run + 1 });
  const names = files.map((file) => file.name).filter((name) => FILES.includes(name));
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  page.trouble = twice ? { key: "files.twice", values: { file: twice } } : null;
  for (const file of twice ? [] : files) if (FILES.includes(file.name)) page.files.set(file.name, file);
  render();
  if (!twice && names.length && FILES.every((name) => page.files.has(name))) await run();
}

async function dropped(event) {
  event.preventDefault();
  $("drop").classList.remove("over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = entries.length ? (await Promise.all(entries.map(filesOf))).flat() : [...event.dataTransfer.files];
  await take(found, entries.some((entry) => entry.isDirectory));
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((give, fail) => entry.file(give, fail))];
  const reader = entry.createReader(), found = [];
  for (;;) { // a browser gives a folder's files in pieces
    const some = await new Promise((give, fail) => reader.readEntries(give, fail));
    if (!some.length) return found;
    for (const one of some) if (one.isFile) found.push(...(await filesOf(one)));
  }
}

// ---- the check

async function run() {
  const mine = ++page.run, began = performance.now(), bytes = new Map();
  const still = () => mine === page.run; // files that are chosen meanwhile begin a new check
  const progress = (stage, share) => { if (still()) { page.stage = stage; $("bar").value = share; renderStage(); } };
  Object.assign(page, { result: null, stage: "read" });
  render();
  for (const name of FILES) {
    try { bytes.set(name, new Uint8Array(await page.files.get(name).arrayBuffer())); }
    catch (error) {
      if (still()) { Object.assign(page, { stage: null, trouble: { key: "files.failed", values: { file: name, why: error.message } } }); render(); }
      return;
    }
  }
  const commitment = await digest(bytes.get("commitment.json"));
  const result = await checkFolder(bytes, progress);
  if (!still()) return;
  Object.assign(page, { result, commitment, stage: null, seconds: (performance.now() - began) / 1000 });
  render();
  $("result").focus({ preventScroll: true });
  $("result").scrollIntoView({ block: "start" });
}

// ---- what is shown

function render() {
  document.documentElement.lang = page.language;
  document.title = word("page.title");
  for (const element of document.querySelectorAll("[data-w]")) element.textContent = word(element.dataset.w);
  for (const button of document.querySelectorAll(".language button")) button.setAttribute("aria-pressed", String(button.value === page.language));
  $("chosen").replaceChildren(...FILES.map((name) => {
    const file = page.files.get(name);
    return make("li", "", make("code", "", name), make("span", "", file ? "✓ " + word("files.bytes", { n: file.size }) : word("files.missing")));
  }));
  $("trouble").hidden = !page.trouble;
  $("trouble").textContent = page.trouble ? word(page.trouble.key, page.trouble.values) : "";
  renderStage();
  $("result").hidden = !page.result;
  if (page.result) renderResult(page.result);
  renderOwn();
  renderProof();
}

function renderStage() {
  $("working").hidden = !page.stage;
  const text = page.stage ? word("progress." + page.stage) : "";
  if ($("stage").textContent !== text) $("stage").textContent = text; // a screen reader speaks once a stage
}

const isSame = (result) => result.checks.every((check) => check.state === "same");

function renderResult(result) {
  const { record, checks, outcomes, listed } = result, same = isSame(result);
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, outcomes ? outcomes.reduce((n, o) => n + (o === outcome), 0) : 0]));
  const files = [...new Set(checks.filter((check) => check.state === "differs").map((check) => check.file))].join(", ");
  $("verdict").className = "verdict " + (same ? "same" : "differs");
  const unable = checks[0].state === "differs"; // our own arithmetic: nothing else was looked at
  $("verdict").textContent = unable ? word("result.unable") : same ? word("result.same", { wave: String(record.wave).replace(/^wave-0*/, ""), listed: listed.length, accepted: counts.accepted }) : word("result.differs", { files });
  $("demonstration").hidden = !record || record.beacon !== "demonstration";
  $("checks").replaceChildren(...checks.map(renderCheck));
  const shown = outcomes ? { listed: listed.length, priority: listed.reduce((n, x) => n + x, 0), quota: record.quota, ...counts } : {};
  $("counts").replaceChildren(...Object.entries(shown).map(([key, n]) => make("div", "", make("dt", "", word("outcome." + key)), make("dd", "", number(n)))));
  $("took").textContent = word("result.took", { seconds: Math.round(page.seconds * 10) / 10 });
  $("cannot").replaceChildren(...(record ? renderCannot(record) : []));
}

function renderCheck(check) {
  const said = make("div", "", word("check." + check.name), " – ", make("span", "state", word("state." + check.state)));
  if (check.found.length) {
    const lines = check.found.map(({ key, values }) => make("li", "", ...rich(word("found." + key, values))));
    if (check.count > check.found.length) lines.push(make("li", "", word("result.more", { n: check.count - check.found.length })));
    said.append(make("ul", "", ...lines));
  }
  const sign = make("span", "sign", SIGNS[check.state]);
  sign.setAttribute("aria-hidden", "true");
  return make("li", check.state, sign, said);
}

function renderCannot(record) {
  const lines = [];
  const when = momentOf(record);
  if (when) {
    const shown = new Intl.DateTimeFormat(LOCALES[page.language], { dateStyle: "full", timeStyle: "medium", timeZone: "Asia/Jakarta" }).format(when) + " WIB";
    lines.push(make("li", "", word("cannot.signature", { round: String(record.round), address: QUICKNET.address + record.round }), " ", make("span", "hash", record.signature)));
    lines.push(make("li", "", word("cannot.moment", { when: shown })));
  } else lines.push(make("li", "", word("cannot.demonstration")));
  lines.push(make("li", "", word("cannot.commitment"), " ", make("span", "hash", page.commitment)));
  return [...lines, ...["people", "judged", "page"].map((key) => make("li", "", word("cannot." + key)))];
}

// ---- one's own ticket

const ownTicket = () => $("ticket").value.replace(/\s/g, "").toLowerCase();
const say = (element, lines) => element.replaceChildren(...lines.filter(Boolean).map(([state, key, values]) => make("p", state, ...rich(word(key, values)))));

function renderOwn() {
  const ticket = ownTicket(), result = page.result;
  if (!ticket) return say($("own"), []);
  if (!isHash(ticket)) return say($("own"), [["differs", "own.malformed", { n: ticket.length }]]);
  if (!result?.list) return say($("own"), [["", "own.first"]]);
  const doubt = isSame(result) ? null : ["differs", "own.doubt"];
  const place = placeOf(result.list, utf8(ticket), 0);
  if (place < 0) return say($("own"), [["differs", "own.absent"], doubt]);
  const outcome = result.outcomes?.[place], rank = result.ranks?.[place];
  const tier = word(result.listed[place] ? "own.priority" : "own.public");
  const said = outcome ? ["", rank ? "own.ranked" : "own.outcome", { outcome: word("outcome." + outcome), rank }] : ["", "own.no_outcome"];
  const position = result.position?.[place] ?? result.order.indexOf(place) + 1;
  return say($("own"), [["same", "own.listed", { position, n: result.order.length, tier }], said, doubt]);
}

function renderProof() {
  const text = $("proof").value.trim();
  if (!text) return say($("proven"), []);
  let proof = null;
  try { proof = JSON.parse(text); } catch { /* said below */ }
  const ticket = proof?.ticket ?? proof?.registration_id, path = proof?.path;
  const right = typeof ticket === "string" && isHash(proof.list_merkle_sha256) && Array.isArray(path) && path.length < 64 &&
    path.every((step) => isHash(step?.hash) && ["left", "right"].includes(step.side));
  if (!right) return say($("proven"), [["differs", "proof.malformed"]]);
  const published = page.result?.record?.list_merkle_sha256, root = published ?? proof.list_merkle_sha256, found = climb(ticket, path);
  const holds = found === root, own = ownTicket();
  return say($("proven"), [
    [holds ? "same" : "differs", holds ? "proof.holds" : "proof.fails", { ticket, root, found }],
    ["", published ? "proof.published" : "proof.unpublished"],
    own && own !== ticket ? ["differs", "proof.not_own"] : null,
  ]);
}

for (const id of ["folder", "files"]) $(id).addEventListener("change", (event) => take([...event.target.files], id === "folder"));
for (const button of document.querySelectorAll(".language button")) button.addEventListener("click", () => { page.language = button.value; render(); });
$("drop").addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
$("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
$("drop").addEventListener("drop", dropped);
$("ticket").addEventListener("input", () => { renderOwn(); renderProof(); });
$("proof").addEventListener("input", renderProof);
render();
