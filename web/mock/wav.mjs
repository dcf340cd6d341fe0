// Makes and reads 16-bit WAV files: decaying plucks over a bass line, so that waveforms look like music.

const RATE = 48000;

export function makeSong(seconds, seed) {
  const frames = Math.round(seconds * RATE);
  const left = new Float32Array(frames);
  const right = new Float32Array(frames);
  let state = (seed % 2147483646) + 1;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const beat = 0.25 + random() * 0.1;
  const scale = [0, 3, 5, 7, 10, 12];
  for (let start = 0, n = 0; start < seconds; start += beat, ++n) {
    const pitch =
      110 * 2 ** (scale[Math.floor(random() * scale.length)] / 12) * (n % 4 === 0 ? 0.5 : 2);
    const level =
      (0.12 + 0.3 * random()) *
      (0.35 + 0.65 * Math.sin((Math.PI * (start + 0.5)) / (seconds + 1)) ** 0.6);
    const pan = random();
    const first = Math.round(start * RATE);
    const last = Math.min(frames, first + Math.round(beat * 2.5 * RATE));
    for (let i = first; i < last; ++i) {
      const t = (i - first) / RATE;
      const value = level * Math.exp(-4 * t) * Math.sin(2 * Math.PI * pitch * t);
      left[i] += value * (1 - 0.6 * pan);
      right[i] += value * (0.4 + 0.6 * pan);
    }
  }
  return encode(left, right);
}

function encode(left, right) {
  const bytes = Buffer.alloc(44 + left.length * 4);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(2, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 4, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(left.length * 4, 40);
  const sample = (value) => Math.round(Math.max(-1, Math.min(1, value)) * 32767);
  for (let i = 0; i < left.length; ++i) {
    bytes.writeInt16LE(sample(left[i]), 44 + i * 4);
    bytes.writeInt16LE(sample(right[i]), 46 + i * 4);
  }
  return bytes;
}

// Facts of a 16-bit PCM WAV file with the plain 44-byte header, or null.
export function readWav(bytes) {
  if (bytes.length < 44 || bytes.toString('latin1', 0, 4) !== 'RIFF') return null;
  const channels = bytes.readUInt16LE(22);
  const sample_rate = bytes.readUInt32LE(24);
  const frames = Math.floor((bytes.length - 44) / (2 * channels));
  return { container: 'wav', channels, sample_rate, duration_s: frames / sample_rate, frames };
}

export function peaksOf(bytes, columns = 800) {
  const { frames, channels } = readWav(bytes);
  const min = [];
  const max = [];
  for (let c = 0; c < columns; ++c) {
    let low = 0;
    let high = 0;
    const last = Math.floor(((c + 1) * frames) / columns);
    for (let f = Math.floor((c * frames) / columns); f < last; f += 8) {
      const value = bytes.readInt16LE(44 + f * 2 * channels) / 32768;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    min.push(Math.round(low * 1000) / 1000);
    max.push(Math.round(high * 1000) / 1000);
  }
  return { min, max };
}

export function trim(bytes, seconds) {
  const { sample_rate, channels } = readWav(bytes);
  const data = Math.min(bytes.length - 44, Math.round(seconds * sample_rate) * 2 * channels);
  const cut = Buffer.from(bytes.subarray(0, 44 + data));
  cut.writeUInt32LE(cut.length - 8, 4);
  cut.writeUInt32LE(data, 40);
  return cut;
}
