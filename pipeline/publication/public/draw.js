// The draw, done again from its published files: lists, Merkle root, randomness, seed, order, places. No words, no page.

const LINE = 65, TICKET = 64; // a ticket is 64 hexadecimal digits, a line ends with \n
const SLICE = 40; // milliseconds of work before the page may breathe
const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes, from = 0, to = bytes.length) => { let s = ""; for (let i = from; i < to; i++) s += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16); return s; };
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const isHash = (text) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);

/** The hash of a whole file or text, in hex: by WebCrypto, and by our own code where a page has none (http). */
async function digest(bytes) {
  return hex(globalThis.crypto?.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) : sha256(bytes));
}

/** Whether our own SHA-256 gives what WebCrypto gives, for every length up to three blocks, and the known answer for "abc". */
async function selfTest() {
  if (hex(sha256(utf8("abc"))) !== "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") return false;
  const sample = Uint8Array.from({ length: 200 }, (_, i) => (i * 151 + 7) & 255), out = new Uint8Array(32);
  for (let n = 0; n <= sample.length; n++) if ((await digest(sample.subarray(0, n))) !== hex(sha256(sample.subarray(0, n)))) return false;
  hash65(START, 0, sample[0], sample, 1, out, 0);
  if (hex(out) !== (await digest(sample.subarray(0, 65)))) return false;
  hash65(stateAfter(sample), 64, sample[64], sample, 65, out, 0);
  return hex(out) === (await digest(sample.subarray(0, 129)));
}

/** Calls `step(i)` for i < n, lets the page breathe now and then, and says how far it is (0–1): at the beginning too, so
 *  that every stage is named, however fast the machine. */
async function each(n, step, progress) {
  progress(0);
  let until = performance.now() + SLICE;
  for (let i = 0; i < n; i++) {
    step(i);
    if ((i & 255) === 255 && performance.now() > until) {
      progress(i / n);
      await breathe();
      until = performance.now() + SLICE;
    }
  }
}

function breathe() { // a message and not a timer: a page in the background gets only one timer a second
  return new Promise((go) => { const c = new MessageChannel(); c.port1.onmessage = () => { c.port1.close(); go(); }; c.port2.postMessage(0); });
}

function compare(a, i, b, j, length) {
  for (let k = 0; k < length; k++) if (a[i + k] !== b[j + k]) return a[i + k] - b[j + k];
  return 0;
}

/** The first line (from 1) that is no ticket, is not in its place, or stands there twice; 0 if the list is right. */
async function wrongLine(bytes) {
  const digit = Uint8Array.from({ length: 256 }, (_, c) => ((c >= 48 && c <= 57) || (c >= 97 && c <= 102) ? 1 : 0));
  let wrong = 0;
  await each(Math.ceil(bytes.length / LINE), (i) => {
    if (wrong) return;
    const from = i * LINE;
    let digits = 0;
    for (let k = from; k < from + TICKET; k++) digits += digit[bytes[k]] ?? 0;
    if (digits !== TICKET || bytes[from + TICKET] !== 10 || (i && compare(bytes, from - LINE, bytes, from, TICKET) >= 0)) wrong = i + 1;
  }, () => {});
  return wrong;
}

/** The place of a ticket on a sorted list (from 0), or -1. */
function placeOf(list, bytes, from) {
  let low = 0, high = list.length / LINE - 1;
  while (low <= high) {
    const middle = (low + high) >> 1, order = compare(list, middle * LINE, bytes, from, TICKET);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1; else high = middle - 1;
  }
  return -1;
}

const ticketAt = (list, place) => new TextDecoder().decode(list.subarray(place * LINE, place * LINE + TICKET));

/** The root of RFC 6962 over the lines of a list, level by level: a node without a sibling moves up as it is. */
async function merkleRoot(list, progress) {
  let n = list.length / LINE;
  if (n === 0) return hex(sha256(new Uint8Array(0)));
  const level = new Uint8Array(32 * n), total = 2 * n;
  let done = 0;
  await each(n, (i) => hash65(START, 0, 0, list, i * LINE, level, i * 32), (share) => progress((share * n) / total));
  for (done = n; n > 1; n = Math.ceil(n / 2)) {
    const pairs = n >> 1; // written over the level below: a node is read before its place is written
    await each(pairs, (i) => hash65(START, 0, 1, level, i * 64, level, i * 32), (share) => progress((done + share * pairs) / total));
    if (n % 2) level.copyWithin(pairs * 32, (n - 1) * 32, n * 32);
    done += pairs;
  }
  return hex(level, 0, 32);
}

/** The root that a proof leads to from a ticket. */
function climb(ticket, path) {
  let node = sha256(utf8("\0" + ticket));
  for (const { side, hash } of path) {
    const other = unhex(hash), both = new Uint8Array(65);
    both[0] = 1;
    both.set(side === "left" ? other : node, 1);
    both.set(side === "left" ? node : other, 33);
    node = sha256(both);
  }
  return hex(node);
}

/** Everybody in the order of the draw, as places on the list: those listed by a ministry first, then by (draw, ticket). */
async function drawAgain(seed, list, listed, progress) {
  const n = list.length / LINE, draws = new Uint8Array(32 * n), keys = new Float64Array(n), order = new Uint32Array(n);
  const seeded = stateAfter(utf8(seed)), colon = 58;
  await each(n, (i) => {
    hash65(seeded, 64, colon, list, i * LINE, draws, i * 32);
    const d = draws, k = i * 32; // the tier and the first 48 bits sort nearly everybody
    keys[i] = (listed[i] ? 0 : 2 ** 48) + d[k] * 2 ** 40 + d[k + 1] * 2 ** 32 + d[k + 2] * 2 ** 24 + d[k + 3] * 2 ** 16 + d[k + 4] * 2 ** 8 + d[k + 5];
    order[i] = i;
  }, progress);
  return order.sort((a, b) => keys[a] - keys[b] || compare(draws, a * 32, draws, b * 32, 32) || a - b);
}

/** ⌊quota × share⌋, the share taken as the decimal that is written: 0.29 × 100 is 29. */
function keptPlaces(quota, share) {
  const [digits, exponent = "0"] = String(share).toLowerCase().split("e"), [whole, part = ""] = digits.split(".");
  const down = part.length - Number(exponent);
  return Number((BigInt(quota) * BigInt(whole + part)) / 10n ** BigInt(Math.max(down, 0)));
}

/** Who has a place, as numbers (from 0) in draw order, by rank. The lists tell of each in draw order: is the tier priority, the
 *  outcome, was the place taken back at the last screening. */
function seats(record, tiers, outcomes, withdrawn) {
  const lines = { priority: [], public: [] };
  for (let i = 0; i < tiers.length; i++) {
    const fellOut = outcomes[i] === "rejected" || outcomes[i] === "review";
    const staysEmpty = !record.refill && (record.selfie === "after_draw" || withdrawn[i]);
    if (outcomes[i] !== "kk_limit" && (staysEmpty || !fellOut)) lines[tiers[i] ? "priority" : "public"].push(i);
  }
  const kept = keptPlaces(record.quota, record.priority_share);
  const ofPublic = Math.min(record.quota - Math.min(kept, lines.priority.length), lines.public.length);
  const ofPriority = Math.min(record.quota - ofPublic, lines.priority.length);
  const first = [...lines.priority.slice(0, ofPriority), ...lines.public.slice(0, ofPublic)];
  return first.filter((i) => outcomes[i] !== "rejected" && outcomes[i] !== "review");
}
