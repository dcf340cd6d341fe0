// A 16-bit stereo WAV file at 48 kHz; the same seed gives the same music.
export function makeSong(seconds: number, seed: number): Buffer;
