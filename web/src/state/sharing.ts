// Share links of results, and forms filled from them (studio.md 3.8).
import { problem } from '../api/problem';
import type { Result } from '../api/types';
import { valuesOfRequest } from './form.svelte';
import { makeLink, type Permalink } from './permalink';
import type { Studio } from './studio.svelte';

const HASH_PREFIX = 8;

export function linkOf(
  studio: Studio,
  origin: string,
  result: Result,
): { url: string; lyricsDropped: boolean } {
  const form = studio.forms[result.mode];
  const seed = result.metadata['seed'];
  const given = valuesOfRequest({
    ...result.request,
    seed: typeof seed === 'number' ? seed : null,
  });
  const values = Object.fromEntries(
    [...form.fields].flatMap(([path, field]) => {
      const value = given[path];
      const carried = value !== undefined && typeof value !== 'object' && value !== field.default;
      return carried ? [[path, value]] : [];
    }),
  );
  const file = form.uploadField ? (form.upload?.name ?? form.uploadField.label) : '';
  return makeLink(origin, { mode: result.mode, values, loras: lorasOf(studio, result), file });
}

// Presets by name; own files by name and the beginning of their hash, which a link cannot carry.
function lorasOf(studio: Studio, result: Result) {
  const known = new Map(
    [...studio.adapters.presets, ...studio.forms[result.mode].loras.map((e) => e.lora)].map((l) => [
      l.id,
      l,
    ]),
  );
  return (result.request.loras ?? []).map(({ id, scale }) => {
    const lora = known.get(id);
    if (!lora) return { name: id, scale };
    if (lora.kind === 'preset') return { name: lora.name, scale };
    return { name: `${lora.name} (${lora.sha256?.slice(0, HASH_PREFIX) ?? 'own file'})`, scale };
  });
}

export async function restoreLoras(studio: Studio, link: Permalink) {
  for (const { name, scale } of link.loras) {
    const preset = studio.adapters.presets.find((p) => p.name === name);
    if (preset) await studio.adapters.togglePreset(studio.forms[link.mode], preset, scale);
    else {
      const message = `The link uses ${name}; upload the file to hear the same.`;
      studio.toasts.show(problem('A LoRA is missing', message, { level: 'warning', code: 'lora' }));
    }
  }
}
