import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

it('the whole page, fonts included, is under 350 kB compressed', () => {
  const files = readdirSync('dist', { recursive: true, withFileTypes: true }).filter((e) =>
    e.isFile(),
  );
  const total = files.reduce(
    (sum, e) => sum + gzipSync(readFileSync(join(e.parentPath, e.name)), { level: 9 }).length,
    0,
  );
  expect(files.length).toBeGreaterThan(3);
  expect(total).toBeLessThan(350_000);
});
