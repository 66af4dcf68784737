// SHA-256 without waiting. WebCrypto gives each hash as a promise: measured at 13 microseconds a hash where this takes 2, and a
// list of a million tickets takes three million. WebCrypto hashes the whole files, and judges this code before anything is
// drawn (selfTest in draw.js).

const K = new Int32Array(64), START = new Int32Array(8), W = new Int32Array(64);
{ // The constants of FIPS 180-4: the first 32 bits of the fractions of the cube and square roots of the first primes.
  const fraction = (value) => Math.floor((value - Math.floor(value)) * 4294967296) | 0;
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(n));
    K[found++] = fraction(Math.cbrt(n));
  }
}

/** Takes the block in W[0…15] into a state of eight words. */
function compress(state) {
  for (let t = 16; t < 64; t++) {
    const x = W[t - 15], y = W[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[t] = (W[t - 16] + s0 + W[t - 7] + s1) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[t] + W[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
  }
  state[0] = (state[0] + a) | 0; state[1] = (state[1] + b) | 0; state[2] = (state[2] + c) | 0; state[3] = (state[3] + d) | 0;
  state[4] = (state[4] + e) | 0; state[5] = (state[5] + f) | 0; state[6] = (state[6] + g) | 0; state[7] = (state[7] + h) | 0;
}

function wordsAt(bytes, at) {
  for (let t = 0; t < 16; t++, at += 4) W[t] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

function write(state, out, at) {
  for (let n = 0; n < 8; n++) {
    const word = state[n];
    out[at++] = word >>> 24; out[at++] = word >>> 16; out[at++] = word >>> 8; out[at++] = word;
  }
}

/** The hash of some bytes. */
function sha256(bytes) {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64), state = START.slice(), out = new Uint8Array(32);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  for (let at = 0; at < padded.length; at += 64) { wordsAt(padded, at); compress(state); }
  write(state, out, 0);
  return out;
}

/** The state after one block of 64 bytes: what every ticket's hash begins with (the seed) is taken in once. */
function stateAfter(bytes) {
  const state = START.slice();
  wordsAt(bytes, 0);
  compress(state);
  return state;
}

const scratch = new Int32Array(8);

/** Hashes one byte and the 64 that stand at `from`, after `before` bytes that `start` has taken in. Writes 32 bytes at `at`. */
function hash65(start, before, prefix, bytes, from, out, at) {
  scratch.set(start);
  W[0] = (prefix << 24) | (bytes[from] << 16) | (bytes[from + 1] << 8) | bytes[from + 2];
  for (let t = 1, i = from + 3; t < 16; t++, i += 4) W[t] = (bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3];
  compress(scratch);
  W[0] = (bytes[from + 63] << 24) | 0x800000;
  W.fill(0, 1, 15);
  W[15] = (before + 65) * 8;
  compress(scratch);
  write(scratch, out, at);
}
