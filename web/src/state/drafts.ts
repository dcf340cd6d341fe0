// Unfinished forms, kept in this browser per mode. A full or forbidden storage only loses the draft.
import type { Mode } from '../api/types';
import type { FormSnapshot } from './form.svelte';

const key = (mode: Mode) => `ams.draft.${mode}`;

export function saveDraft(mode: Mode, snapshot: FormSnapshot) {
  try {
    localStorage.setItem(key(mode), JSON.stringify(snapshot));
  } catch {
    // Private windows and embedded frames may refuse.
  }
}

export function loadDraft(mode: Mode): FormSnapshot | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key(mode)) ?? 'null');
    const ok = typeof stored === 'object' && stored !== null && 'values' in stored;
    return ok ? (stored as FormSnapshot) : null;
  } catch {
    return null;
  }
}

// The bearer token of a protected studio, kept for this tab.
export function storedToken(): string {
  try {
    return sessionStorage.getItem('ams.token') ?? '';
  } catch {
    return '';
  }
}

export function storeToken(token: string) {
  try {
    sessionStorage.setItem('ams.token', token);
  } catch {
    // It then has to be typed again after a reload.
  }
}

// The anonymous browser session: a random id per tab (studio.md 6.8).
export function sessionId(): string {
  const made = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) =>
      b.toString(16).padStart(2, '0'),
    ).join('');
  try {
    const id = sessionStorage.getItem('ams.session') ?? made();
    sessionStorage.setItem('ams.session', id);
    return id;
  } catch {
    return made();
  }
}
