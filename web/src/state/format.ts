// Numbers as people read them. Pure.
import type { Transfer } from '../api/types';

// "1:05"; with tenths "1:05.3".
export function clock(seconds: number, tenths = false): string {
  const unit = tenths ? 10 : 1;
  const total = Math.max(0, Math.round(seconds * unit));
  const minutes = Math.floor(total / (60 * unit));
  const rest = (total - minutes * 60 * unit) / unit;
  const text = tenths ? rest.toFixed(1).padStart(4, '0') : String(rest).padStart(2, '0');
  return `${minutes}:${text}`;
}

// "2.1 MB", as file managers count.
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB'];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    ++unit;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

// "about 40 s", "about 3 min".
export function about(seconds: number): string {
  return seconds < 90 ? `about ${Math.ceil(seconds)} s` : `about ${Math.round(seconds / 60)} min`;
}

// "2.1 MB of 9.6 GB at 45 MB/s"; what is not known is left out.
export function transferred({ bytes: done, total, bytes_per_s }: Transfer): string {
  const of = total > 0 ? ` of ${bytes(total)}` : '';
  const speed = bytes_per_s === null ? '' : ` at ${bytes(Math.round(bytes_per_s))}/s`;
  return `${bytes(done)}${of}${speed}`;
}

export function ago(iso: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}
