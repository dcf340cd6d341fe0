import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { about, bytes, clock, transferred } from '../../src/state/format';

const list = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);

function sources(): { name: string; text: string }[] {
  const names = ['src/styles', 'src/components', 'src/views'].flatMap((folder) => list(folder));
  return [...names, 'src/App.svelte'].map((name) => ({ name, text: readFileSync(name, 'utf8') }));
}

describe('look', () => {
  it('has only opaque greys', () => {
    for (const { name, text } of sources()) {
      for (const colour of text.match(/#[0-9a-fA-F]{3,8}(?=[;,'"\s)])/g) ?? [])
        expect(colour, name).toMatch(/^#([0-9a-fA-F]{2})\1\1$/i);
      expect(text, name).not.toMatch(/\b(rgba?|hsla?|oklch)\(/);
    }
  });

  it('keeps the breakpoints of the product document', () => {
    const sidebar = readFileSync('src/components/shell/Sidebar.svelte', 'utf8');
    expect(sidebar).toContain('(max-width: 1024px)');
    expect(sidebar).toContain('(max-width: 640px)');
    expect(readFileSync('src/components/ModePane.svelte', 'utf8')).toContain('(max-width: 768px)');
  });

  it('has no markup that the content security policy would block', () => {
    for (const { name, text } of sources()) {
      expect(text, name).not.toMatch(/\sstyle="/);
      expect(text, name).not.toContain('{@html');
    }
  });
});

describe('numbers', () => {
  it('read like a clock, a file manager and a person', () => {
    expect([clock(0), clock(65), clock(59.6), clock(65.25, true)]).toEqual([
      '0:00',
      '1:05',
      '1:00',
      '1:05.3',
    ]);
    expect([bytes(999), bytes(2_100_000), bytes(159e6), bytes(9.6e9)]).toEqual([
      '999 B',
      '2.1 MB',
      '159 MB',
      '9.6 GB',
    ]);
    const transfer = { bytes: 2_100_000, total: 9.6e9, bytes_per_s: 45_000_000.5 };
    expect([transferred(transfer), transferred({ bytes: 0, total: 0, bytes_per_s: null })]).toEqual(
      ['2.1 MB of 9.6 GB at 45 MB/s', '0 B'],
    );
    expect([about(3.2), about(200)]).toEqual(['about 4 s', 'about 3 min']);
  });
});
