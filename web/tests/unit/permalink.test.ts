import { describe, expect, it } from 'vitest';
import { makeLink, MAX_URL, readLink } from '../../src/state/permalink';

const ORIGIN = 'http://127.0.0.1:7860';
const source = (values: Record<string, string | number | boolean>) => ({
  mode: 'generate' as const,
  values,
  loras: [{ name: 'Chinese Rap', scale: 0.85 }],
  file: '',
});
const search = (url: string) => new URL(url).search;

describe('share links', () => {
  it('come back as they went, with mode, seed and prompt readable', () => {
    const values = {
      prompt: 'déjà vu & 夜',
      seed: 7,
      lyrics: '[Verse]\nümlaut',
      'advanced.bpm': 90,
    };
    const { url } = makeLink(ORIGIN, source(values));
    expect(new URL(url).searchParams.get('prompt')).toBe('déjà vu & 夜');
    expect(readLink(search(url))).toEqual({
      mode: 'generate',
      values,
      loras: [{ name: 'Chinese Rap', scale: 0.85 }],
      missingFile: '',
    });
  });

  it('drop lyrics that would make them too long', () => {
    const { url, lyricsDropped } = makeLink(
      ORIGIN,
      source({ prompt: 'x', lyrics: 'y'.repeat(6000) }),
    );
    expect(lyricsDropped).toBe(true);
    expect(url.length).toBeLessThanOrEqual(MAX_URL);
    expect(readLink(search(url))?.values).toEqual({ prompt: 'x' });
  });

  it('survive hostile addresses', () => {
    expect(readLink('?mode=admin')).toBeNull();
    expect(readLink('')).toBeNull();
    const odd = readLink('?mode=edit&seed=1e9&p=%00%ff');
    expect(odd).toEqual({ mode: 'edit', values: {}, loras: [], missingFile: '' });
    const list = readLink(
      `?mode=edit&p=${btoa(JSON.stringify({ v: [1], l: [['a', 9], 3], f: {} }))}`,
    );
    expect(list).toEqual({ mode: 'edit', values: {}, loras: [], missingFile: '' });
  });
});
