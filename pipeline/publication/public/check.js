// Compares what was published with the draw done again. Gives findings as keys and values; page.js puts them into words.

const FILES = ["commitment.json", "draw.json", "eligible.txt", "priority.txt", "outcomes.csv", "withdrawn.txt"];
const HEADER = "position,ticket,tier,outcome,rank";
const OUTCOMES = ["accepted", "reserve", "rejected", "review", "kk_limit"];
const COMMITTED = ["wave", "quota", "priority_share", "refill", "selfie", "beacon", "round"];
const QUICKNET = { genesis: 1692803367, period: 3, address: "https://api.drand.sh/v2/beacons/quicknet/rounds/" };
const SHOWN = 5; // differences of one check that are told; the rest are counted

/** One thing that is checked: "same", "differs" or "unchecked", with its first differences. */
class Check {
  constructor(name, file) { Object.assign(this, { name, file, state: "unchecked", count: 0, found: [] }); }
  differs(key, values = {}) {
    this.state = "differs";
    if (this.count++ < SHOWN) this.found.push({ key, values });
  }
  done() { if (this.state === "unchecked") this.state = "same"; return this.state === "same"; }
}

/** What draw.json must say, so that a draw can be done again from it. */
const RECORD = {
  form: (x) => x === 2,
  wave: (x) => Number.isInteger(x) || (typeof x === "string" && x !== ""),
  seed: isHash, list_sha256: isHash, list_merkle_sha256: isHash, priority_sha256: isHash, randomness: isHash,
  signature: (x) => typeof x === "string" && /^([0-9a-f]{2})+$/.test(x),
  quota: (x) => Number.isSafeInteger(x) && x >= 0,
  priority_share: (x) => typeof x === "number" && x >= 0 && x <= 1,
  refill: (x) => typeof x === "boolean",
  selfie: (x) => ["after_draw", "before_draw", "off"].includes(x),
  beacon: (x) => ["drand-quicknet", "demonstration"].includes(x), round: (x) => Number.isSafeInteger(x) && x > 0,
};

function readJson(files, name, check) {
  try {
    const value = JSON.parse(new TextDecoder().decode(files.get(name)));
    if (value && typeof value === "object" && !Array.isArray(value)) return value;
  } catch { /* named below */ }
  check.differs("unreadable", { file: name });
  return null;
}

/** Checks a public folder: `files` has the bytes of each of FILES; `progress(stage, share)` is told how far it is. */
async function checkFolder(files, progress) {
  const of = {
    code: new Check("code", "verify.html"), commitment: new Check("commitment", "commitment.json"),
    list: new Check("list", "eligible.txt"), priority: new Check("priority", "priority.txt"), merkle: new Check("merkle", "eligible.txt"),
    randomness: new Check("randomness", "draw.json"), seed: new Check("seed", "draw.json"), order: new Check("order", "outcomes.csv"),
    withdrawn: new Check("withdrawn", "withdrawn.txt"), places: new Check("places", "outcomes.csv"),
  };
  const result = { checks: Object.values(of), record: null, list: null, order: null };
  if (!(await selfTest())) { of.code.differs("selfTest"); return result; }
  of.code.done();
  const record = readJson(files, "draw.json", of.seed), commitment = readJson(files, "commitment.json", of.commitment);
  if (!record) return result;
  for (const [field, right] of Object.entries(RECORD)) if (!right(record[field])) of.seed.differs("field", { field, file: "draw.json" });
  if (of.seed.count) return result;
  result.record = record;
  if (commitment) checkCommitment(of.commitment, commitment, record);
  const list = files.get("eligible.txt"), first = files.get("priority.txt");
  const sorted = await checkLine(of.list, list, record.list_sha256);
  const firstSorted = await checkLine(of.priority, first, record.priority_sha256);
  await checkSeed(of, record);
  if (!sorted) return result; // nothing can be found in it, and its lines have no fixed places
  const root = await merkleRoot(list, (share) => progress("merkle", share));
  if (root !== record.list_merkle_sha256) of.merkle.differs("root", { found: root, published: record.list_merkle_sha256 });
  of.merkle.done();
  if (!firstSorted) return result;
  const listed = new Uint8Array(list.length / LINE);
  for (let at = 0; at < first.length; at += LINE) {
    const place = placeOf(list, first, at);
    if (place < 0) of.priority.differs("notListed", { file: "priority.txt", ticket: ticketAt(first, at / LINE) }); else listed[place] = 1;
  }
  const order = await drawAgain(record.seed, list, listed, (share) => progress("draw", share));
  const withdrawn = await placesTakenBack(of.withdrawn, list, files.get("withdrawn.txt"));
  Object.assign(result, { list, order, listed, withdrawn });
  await checkOutcomes(of, result, files.get("outcomes.csv"), (share) => progress("compare", share));
  return result;
}

/** When a round of the public beacon is made; null for the demonstration. */
function momentOf({ beacon, round }) {
  return beacon === "drand-quicknet" ? new Date((QUICKNET.genesis + (round - 1) * QUICKNET.period) * 1000) : null;
}

function checkCommitment(check, commitment, record) {
  for (const field of COMMITTED) {
    if (!(field in commitment)) check.differs("field", { field, file: "commitment.json" });
    else if (commitment[field] !== record[field]) check.differs("committed", { field, committed: String(commitment[field]), used: String(record[field]) });
  }
  const closes = new Date(commitment.closes + "+07:00"), made = momentOf(record); // the calendar's hours are WIB
  if (made && !(closes < made)) check.differs("early", { round: String(record.round), when: made.toISOString(), closes: String(commitment.closes) });
  check.done();
}

async function checkLine(check, bytes, published) {
  const found = await digest(bytes), line = await wrongLine(bytes);
  if (found !== published) check.differs("hash", { file: check.file, found, published });
  if (line) check.differs("line", { file: check.file, line });
  check.done();
  return line === 0;
}

/** Whose place was taken back at the last screening, by place on the list. */
async function placesTakenBack(check, list, bytes) {
  const withdrawn = new Uint8Array(list.length / LINE), line = await wrongLine(bytes);
  if (line) { check.differs("line", { file: check.file, line }); return withdrawn; }
  for (let at = 0; at < bytes.length; at += LINE) {
    const place = placeOf(list, bytes, at);
    if (place < 0) check.differs("notListed", { file: check.file, ticket: ticketAt(bytes, at / LINE) }); else withdrawn[place] = 1;
  }
  return withdrawn;
}

async function checkSeed(of, record) {
  const randomness = await digest(unhex(record.signature));
  if (randomness !== record.randomness) of.randomness.differs("randomness", { found: randomness, published: record.randomness });
  of.randomness.done();
  const seed = await digest(utf8(["gelombang/2", record.wave, record.list_sha256, record.priority_sha256, randomness].join(":")));
  if (seed !== record.seed) of.seed.differs("seed", { found: seed, published: record.seed });
  of.seed.done();
}

/** The rows of outcomes.csv, a piece of the file at a time. */
function* rowsOf(bytes) {
  const decoder = new TextDecoder();
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + (1 << 20), bytes.length);
    if (to < bytes.length) to = bytes.lastIndexOf(10, to - 1) + 1 || bytes.length;
    if (to <= from) to = bytes.length;
    const lines = decoder.decode(bytes.subarray(from, to)).split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    yield* lines;
    from = to;
  }
}

/** Every row against the order of the draw, then every place against quota, tiers and who fell out. */
async function checkOutcomes({ order: check, withdrawn: takenBack, places }, result, bytes, progress) {
  const { list, order, listed } = result, n = order.length, rows = rowsOf(bytes);
  const position = new Uint32Array(n), outcomes = new Array(n), ranks = new Uint32Array(n); // by place on the list
  order.forEach((place, at) => { position[place] = at + 1; });
  if (rows.next().value !== HEADER) { check.differs("header", { file: check.file }); return; }
  const ticket = new Uint8Array(TICKET);
  const size = Math.max(n, Math.round(bytes.length / 80));
  let row = 0, ended = false;
  await each(size * 2 + 2, () => {
    if (ended) return;
    const next = rows.next();
    if (next.done) { ended = true; return; }
    row++;
    const [at, id, tier, outcome, rank, more] = next.value.split(",");
    if (more !== undefined || !isHash(id) || !OUTCOMES.includes(outcome) || !/^([1-9][0-9]*)?$/.test(rank)) { check.differs("row", { row }); return; }
    for (let k = 0; k < TICKET; k++) ticket[k] = id.charCodeAt(k);
    let place = row <= n ? order[row - 1] : -1;
    if (place < 0 || compare(list, place * LINE, ticket, 0, TICKET)) place = placeOf(list, ticket, 0);
    if (place < 0) { check.differs("unknown", { row, ticket: id }); return; }
    if (outcomes[place]) { check.differs("twice", { row, ticket: id }); return; }
    outcomes[place] = outcome;
    ranks[place] = Number(rank);
    if (position[place] !== row || at !== String(row)) check.differs("position", { row, ticket: id, position: at, drawn: position[place] });
    if (tier !== (listed[place] ? "priority" : "public")) check.differs("tier", { row, ticket: id, tier });
  }, (share) => progress(Math.min(1, share * 2)));
  for (let place = 0; place < n; place++) if (!outcomes[place]) check.differs("absent", { ticket: ticketAt(list, place), drawn: position[place] });
  check.done();
  result.withdrawn.forEach((is, place) => { if (is && outcomes[place] !== "rejected") takenBack.differs("stillIn", { ticket: ticketAt(list, place) }); });
  takenBack.done();
  await checkPlaces(places, result, { position, outcomes, ranks });
  Object.assign(result, { position, outcomes, ranks });
}

async function checkPlaces(check, { record, list, order, listed, withdrawn }, { outcomes, ranks }) {
  const drawn = Array.from(order, (place) => outcomes[place] ?? "rejected"), expected = new Uint32Array(order.length);
  const [tiers, back] = [listed, withdrawn].map((by) => Uint8Array.from(order, (place) => by[place]));
  seats(record, tiers, drawn, back).forEach((at, n) => { expected[at] = n + 1; });
  await each(order.length, (at) => {
    const place = order[at], outcome = outcomes[place], rank = ranks[place], has = outcome === "accepted";
    if (!outcome || (has ? rank === expected[at] && rank : !expected[at] && !rank)) return;
    const key = has ? (expected[at] ? "rank" : "noPlace") : expected[at] ? "passedOver" : "rankWithout";
    check.differs(key, { ticket: ticketAt(list, place), drawn: at + 1, rank, expected: expected[at], outcome });
  }, () => {});
  check.done();
}
