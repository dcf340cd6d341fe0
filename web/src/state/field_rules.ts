// What a row of the option table says about a value. Pure; the server checks again.
import { problem } from '../api/problem';
import type { ModeOptions, OptionField, Problem, Scalar } from '../api/types';

// "advanced.bpm": how forms, errors and drafts call a field.
export const pathOf = (field: OptionField) =>
  field.group ? `${field.group}.${field.name}` : field.name;

const LM_IDS: Record<string, string> = {
  temperature: 'lm_temperature',
  top_p: 'lm_top_p',
  top_k: 'lm_top_k',
  cfg: 'lm_cfg_scale',
  negative_prompt: 'lm_negative_prompt',
};

// The stable control id of studio.md section 2: "adv_lm_top_p".
export function controlId(field: OptionField, mode: string): string {
  if (field.group === 'advanced') return `adv_${field.name}`;
  if (field.group === 'lm') return `adv_${LM_IDS[field.name] ?? field.name}`;
  return field.name === 'seed' && mode !== 'lyrics' ? 'adv_seed' : field.name;
}

const isNumeric = (field: OptionField) => field.type === 'integer' || field.type === 'number';

export function describeRange(field: OptionField): string {
  const { min, max } = field.range ?? { min: null, max: null };
  const unit = field.unit ? ` ${field.unit}` : '';
  if (min !== null && max !== null) return `${min} to ${max}${unit}`;
  if (max !== null) return `at most ${max}${unit}`;
  return min === null ? 'any number' : `at least ${min}${unit}`;
}

// The message for a value that the field does not allow, or null. Characters are code points.
export function checkField(field: OptionField, value: Scalar): Problem | null {
  const fail = (title: string, message: string) =>
    problem(title, message, { code: 'invalid_request', field: pathOf(field) });
  if (field.missing && String(value ?? '').trim() === '')
    return fail(`${field.label} is missing`, field.missing);
  if (value === null || value === '') {
    if (!isNumeric(field) || field.when_absent) return null;
    return fail(
      `${field.label} is empty`,
      `Give a number from ${describeRange({ ...field, unit: '' })}.`,
    );
  }
  const { min, max } = field.range ?? { min: null, max: null };
  if (isNumeric(field)) {
    if (typeof value !== 'number' || !Number.isFinite(value))
      return fail(`${field.label} is not a number`, `Expected ${describeRange(field)}.`);
    if (field.type === 'integer' && !Number.isInteger(value))
      return fail(`${field.label} is not a whole number`, `${value} has a fraction.`);
    if ((min !== null && value < min) || (max !== null && value > max))
      return fail(
        `${field.label} is out of range`,
        `It is ${value}, expected ${describeRange(field)}.`,
      );
  }
  if (field.type === 'text' && max !== null) {
    const length = [...String(value)].length;
    if (length > max)
      return fail(
        `${field.label} is too long`,
        `It has ${length} characters, at most ${max} are possible.`,
      );
  }
  return null;
}

// An untrusted value (link, draft) as one the field can hold, or undefined.
export function acceptValue(field: OptionField, value: unknown): Scalar | undefined {
  if (field.type === 'boolean') return typeof value === 'boolean' ? value : undefined;
  if (field.type === 'upload' || field.type === 'loras') return undefined;
  if (isNumeric(field)) {
    if (value === null && field.when_absent) return null;
    return typeof value === 'number' && checkField(field, value) === null ? value : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (field.type === 'choice')
    return field.choices.some((c) => c.value === value) ? value : undefined;
  return value.slice(0, field.range?.max ?? 4096);
}

// Rules that bind two fields. `sourceSeconds`: length of the loaded audio, null without one.
export function checkPairs(
  table: ModeOptions,
  value: (path: string) => Scalar,
  sourceSeconds: number | null,
): Problem | null {
  const number = (path: string) => Number(value(path) ?? 0);
  const fail = (field: string, title: string, message: string) =>
    problem(title, message, { code: 'invalid_request', field });
  if (table.mode === 'lyrics') return null;
  if (number('advanced.cfg_interval_start') > number('advanced.cfg_interval_end'))
    return fail(
      'advanced.cfg_interval_start',
      'CFG interval is reversed',
      `It starts at ${number('advanced.cfg_interval_start')} and ends at ${number('advanced.cfg_interval_end')}; start must not be above end.`,
    );
  if (table.mode === 'extend' && sourceSeconds !== null) {
    const total = sourceSeconds + number('extra_duration_s');
    if (total > 360)
      return fail(
        'extra_duration_s',
        'The song would be too long',
        `Seed and extension last ${Math.round(total)} s together, at most 360 s are possible.`,
      );
  }
  return table.mode === 'edit' ? checkEdit(value, number, fail, sourceSeconds) : null;
}

function checkEdit(
  value: (path: string) => Scalar,
  number: (path: string) => number,
  fail: (field: string, title: string, message: string) => Problem,
  sourceSeconds: number | null,
): Problem | null {
  const [start, end] = [number('segment_start_s'), number('segment_end_s')];
  if (end - start < 1)
    return fail(
      'segment_end_s',
      'The segment is too short',
      `It goes from ${start} s to ${end} s; it must last at least 1 s.`,
    );
  if (sourceSeconds !== null && end > sourceSeconds + 0.05)
    return fail(
      'segment_end_s',
      'The segment leaves the source',
      `It ends at ${end} s, the source lasts ${sourceSeconds.toFixed(1)} s.`,
    );
  if (value('sub_mode') !== 'flow_edit') return null;
  if (!String(value('edit_prompt') ?? '').trim())
    return fail('edit_prompt', 'Style prompt is missing', 'Say what to morph into.');
  if (!String(value('flow_source_caption') ?? '').trim())
    return fail(
      'flow_source_caption',
      'Source caption is missing',
      'Flow morph needs a description of the song as it is.',
    );
  if (number('flow_n_min') >= number('flow_n_max'))
    return fail(
      'flow_n_min',
      'The morph window is empty',
      `n_min is ${number('flow_n_min')}, it must be below n_max, which is ${number('flow_n_max')}.`,
    );
  return null;
}

// Seconds of computing that a request is expected to need at most (studio.md 6.3).
export function estimateSeconds(table: ModeOptions, value: (path: string) => Scalar): number {
  const { base_s, length, default_length_s, min_s, max_s } = table.budget;
  const [first, second] = length.map((path) => value(path));
  const given =
    first === undefined || first === null ? default_length_s : Number(first) - Number(second ?? 0);
  return Math.min(max_s, Math.max(min_s, Math.ceil(base_s + 2 * Math.max(0, given))));
}
