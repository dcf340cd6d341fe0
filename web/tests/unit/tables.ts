// The option tables of the mock studio, by mode.
import { options } from '../../mock/fields.mjs';
import type { Mode, ModeOptions } from '../../src/api/types';

export function table(mode: Mode): ModeOptions {
  const found = options.modes.find((m) => m.mode === mode);
  if (!found) throw new Error(`no table for ${mode}`);
  return found;
}
