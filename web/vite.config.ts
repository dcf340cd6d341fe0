import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// wavesurfer.js writes an inline <style>, which our content security policy forbids. The sheet is
// adopted by src/components/player/waveform.ts instead.
function withoutInlineStyle(): Plugin {
  const block = /<style\$\{[^<]*<\/style>/;
  return {
    name: 'wavesurfer-without-inline-style',
    enforce: 'pre',
    transform(code, id) {
      if (!/wavesurfer\.js\/dist\/wavesurfer\.esm\.js$/.test(id)) return null;
      if (!block.test(code))
        throw new Error('wavesurfer.js: its inline <style> was not found; see vite.config.ts');
      return code.replace(block, '');
    },
  };
}

export default defineConfig({
  plugins: [svelte(), withoutInlineStyle()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:7861', '/files': 'http://127.0.0.1:7861' } },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'browser', // against the mock studio and web/dist: build first
          include: ['tests/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 40000,
          hookTimeout: 40000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e', // against build/release/bin/ams: build it first
          include: ['tests/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 400000,
          hookTimeout: 40000,
        },
      },
    ],
  },
});
