// Share links: ?mode=&seed=&prompt= readable, everything else in `p` (studio.md 3.8). Pure.
import { MODES, type Mode, type Scalar } from '../api/types';

export const MAX_URL = 6000;

export interface Permalink {
  mode: Mode;
  values: Record<string, unknown>; // untrusted; forms check them
  loras: { name: string; scale: number }[];
  missingFile: string; // name of the upload that the link cannot carry; "": none
}

export interface LinkSource {
  mode: Mode;
  values: Record<string, Scalar>;
  loras: { name: string; scale: number }[];
  file: string;
}

const READABLE = ['seed', 'prompt'];
const LYRICS = ['lyrics', 'extension_lyrics', 'source_lyrics', 'target_lyrics'];

function encode(data: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(data));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text: string): unknown {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

function build(origin: string, source: LinkSource, values: Record<string, Scalar>): string {
  const query = new URLSearchParams({ mode: source.mode });
  for (const name of READABLE) {
    const value = values[name];
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  }
  const v = Object.fromEntries(Object.entries(values).filter(([name]) => !READABLE.includes(name)));
  const packed: Record<string, unknown> = {};
  if (Object.keys(v).length) packed['v'] = v;
  if (source.loras.length) packed['l'] = source.loras.map((l) => [l.name, l.scale]);
  if (source.file) packed['f'] = source.file;
  if (Object.keys(packed).length) query.set('p', encode(packed));
  return `${origin}/?${query}`;
}

export function makeLink(
  origin: string,
  source: LinkSource,
): { url: string; lyricsDropped: boolean } {
  const url = build(origin, source, source.values);
  if (url.length <= MAX_URL) return { url, lyricsDropped: false };
  const rest = Object.entries(source.values).filter(([name]) => !LYRICS.includes(name));
  return { url: build(origin, source, Object.fromEntries(rest)), lyricsDropped: true };
}

// null: the address has no link in it. Bad parts are left out.
export function readLink(search: string): Permalink | null {
  const query = new URLSearchParams(search);
  const mode = MODES.find((m) => m === query.get('mode'));
  if (!mode) return null;
  const packed = decode(query.get('p') ?? '');
  const box = isRecord(packed) ? packed : {};
  const values: Record<string, unknown> = isRecord(box['v']) ? { ...box['v'] } : {};
  const prompt = query.get('prompt');
  if (prompt !== null) values['prompt'] = prompt;
  const seed = query.get('seed');
  if (seed !== null && /^-?\d{1,10}$/.test(seed)) values['seed'] = Number(seed);
  const file = box['f'];
  return {
    mode,
    values,
    loras: readLoras(box['l']),
    missingFile: typeof file === 'string' ? file.slice(0, 100) : '',
  };
}

function readLoras(list: unknown): { name: string; scale: number }[] {
  if (!Array.isArray(list)) return [];
  return list.slice(0, 32).flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return [];
    const [name, scale] = entry as unknown[];
    if (typeof name !== 'string' || typeof scale !== 'number' || !(scale >= 0 && scale <= 1.5))
      return [];
    return [{ name: name.slice(0, 64), scale }];
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
