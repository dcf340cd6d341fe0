import { describe, expect, it } from 'vitest';
import type { OptionField, Scalar } from '../../src/api/types';
import {
  acceptValue,
  checkField,
  checkPairs,
  controlId,
  estimateSeconds,
  pathOf,
} from '../../src/state/field_rules';
import { table } from './tables';

function field(mode: Parameters<typeof table>[0], path: string): OptionField {
  const found = table(mode).fields.find((f) => pathOf(f) === path);
  if (!found) throw new Error(`no field ${path}`);
  return found;
}
const values = (given: Record<string, Scalar>) => (path: string) => given[path] ?? null;

describe('control ids', () => {
  it('are those of the product document', () => {
    expect(controlId(field('generate', 'lm.top_p'), 'generate')).toBe('adv_lm_top_p');
    expect(controlId(field('generate', 'lm.thinking'), 'generate')).toBe('adv_thinking');
    expect(controlId(field('generate', 'advanced.bpm'), 'generate')).toBe('adv_bpm');
    expect(controlId(field('generate', 'seed'), 'generate')).toBe('adv_seed');
    expect(controlId(field('lyrics', 'seed'), 'lyrics')).toBe('seed');
  });

  it('count 21 advanced knobs in every song mode', () => {
    for (const mode of ['generate', 'cover', 'extend', 'edit'] as const) {
      const ids = table(mode).fields.map((f) => controlId(f, mode));
      expect(ids.filter((id) => id.startsWith('adv_'))).toHaveLength(21);
    }
  });
});

describe('checkField', () => {
  it('treats whitespace as missing', () => {
    expect(checkField(field('generate', 'prompt'), '  \n')?.message).toContain('missing');
    expect(checkField(field('generate', 'prompt'), 'jazz')).toBeNull();
  });

  it('includes both bounds', () => {
    const duration = field('generate', 'duration_s');
    expect(checkField(duration, 5)).toBeNull();
    expect(checkField(duration, 240)).toBeNull();
    expect(checkField(duration, 4)?.message).toBe('It is 4, expected 5 to 240 s.');
    expect(checkField(duration, 241)).not.toBeNull();
  });

  it('rejects fractions of integers and empty numbers that need a value', () => {
    expect(checkField(field('generate', 'advanced.inference_steps'), 27.5)).not.toBeNull();
    expect(checkField(field('generate', 'duration_s'), null)).not.toBeNull();
    expect(checkField(field('generate', 'advanced.bpm'), null)).toBeNull();
  });

  it('counts characters, not code units', () => {
    const prompt = field('generate', 'prompt');
    expect(checkField(prompt, '🎵'.repeat(512))).toBeNull();
    expect(checkField(prompt, '🎵'.repeat(513))?.message).toContain('513');
  });
});

describe('acceptValue', () => {
  it('keeps what the field allows and drops the rest', () => {
    expect(acceptValue(field('generate', 'duration_s'), 60)).toBe(60);
    expect(acceptValue(field('generate', 'duration_s'), '60')).toBeUndefined();
    expect(acceptValue(field('generate', 'duration_s'), 1e9)).toBeUndefined();
    expect(acceptValue(field('generate', 'advanced.infer_method'), 'sde')).toBe('sde');
    expect(acceptValue(field('generate', 'advanced.infer_method'), 'dpm')).toBeUndefined();
    expect(acceptValue(field('generate', 'advanced.use_adg'), 1)).toBeUndefined();
    expect(acceptValue(field('cover', 'ref_audio'), 'u_1')).toBeUndefined();
  });
});

describe('checkPairs', () => {
  it('refuses a reversed guidance interval', () => {
    const reversed = values({
      'advanced.cfg_interval_start': 0.8,
      'advanced.cfg_interval_end': 0.2,
    });
    expect(checkPairs(table('generate'), reversed, null)?.field).toBe(
      'advanced.cfg_interval_start',
    );
  });

  it('keeps seed plus extension within 360 s', () => {
    expect(checkPairs(table('extend'), values({ extra_duration_s: 120 }), 240)).toBeNull();
    expect(checkPairs(table('extend'), values({ extra_duration_s: 120 }), 241)).not.toBeNull();
  });

  it('keeps the segment inside its source and at least 1 s long', () => {
    const edit = (start: number, end: number) =>
      checkPairs(table('edit'), values({ segment_start_s: start, segment_end_s: end }), 20);
    expect(edit(0, 20)).toBeNull();
    expect(edit(5, 5.9)?.message).toContain('5.9');
    expect(edit(9, 4)).not.toBeNull();
    expect(edit(0, 20.2)?.message).toContain('20.0');
  });

  it('asks flow morph for both captions and an open window', () => {
    const morph = (more: Record<string, Scalar>) =>
      checkPairs(
        table('edit'),
        values({ sub_mode: 'flow_edit', segment_end_s: 10, flow_n_max: 1, ...more }),
        20,
      )?.field;
    expect(morph({})).toBe('edit_prompt');
    expect(morph({ edit_prompt: 'jazz' })).toBe('flow_source_caption');
    const texts = { edit_prompt: 'jazz', flow_source_caption: 'rock' };
    expect(morph({ ...texts, flow_n_min: 1 })).toBe('flow_n_min');
    expect(morph({ ...texts, flow_n_min: 0.5 })).toBeUndefined();
  });
});

describe('estimateSeconds', () => {
  it.each([
    ['generate', { duration_s: 30 }, 90],
    ['generate', { duration_s: 240 }, 300],
    ['cover', { duration_s: 30 }, 100],
    ['extend', { extra_duration_s: 60 }, 150],
    ['edit', { segment_start_s: 10, segment_end_s: 22.5 }, 60],
    ['edit', { segment_start_s: 0, segment_end_s: 40 }, 110],
    ['lyrics', {}, 60],
  ] as const)('gives the reference value of %s %j', (mode, given, seconds) => {
    expect(estimateSeconds(table(mode), values(given))).toBe(seconds);
  });
});
