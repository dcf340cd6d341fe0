// The option tables that the C++ server will generate; docs/api.md, "Options".

const blank = {
  group: '',
  placeholder: '',
  unit: '',
  range: null,
  step: null,
  default: null,
  when_absent: '',
  choices: [],
  missing: '',
  accept: [],
  max_bytes: null,
};

const field = (type, name, label, help, more = {}) => ({ ...blank, type, name, label, help, ...more });
const between = (min, max) => ({ range: { min, max } });

const text = (name, label, help, max, more = {}) =>
  field('text', name, label, help, { ...between(0, max), default: '', ...more });
const number = (name, label, help, min, max, step, value, more = {}) =>
  field('number', name, label, help, { ...between(min, max), step, default: value, ...more });
const integer = (name, label, help, min, max, step, value, more = {}) =>
  field('integer', name, label, help, { ...between(min, max), step, default: value, ...more });
const flag = (name, label, help, value, more = {}) =>
  field('boolean', name, label, help, { default: value, ...more });
const choice = (name, label, help, choices, value, more = {}) =>
  field('choice', name, label, help, {
    choices: choices.map((c) => (typeof c === 'string' ? { value: c, label: c } : c)),
    default: value,
    ...more,
  });
const audio = (name, label, help, missing, maxSeconds, maxMiB) =>
  field('upload', name, label, help, {
    ...between(1, maxSeconds),
    missing,
    unit: 's',
    accept: ['.wav', '.mp3', '.flac'],
    max_bytes: maxMiB * 1024 * 1024,
  });

const languages = {
  unknown: 'Auto', en: 'English', zh: 'Chinese', ja: 'Japanese', ko: 'Korean', es: 'Spanish',
  fr: 'French', de: 'German', it: 'Italian', pt: 'Portuguese', ru: 'Russian',
};
const languageChoices = (codes) => codes.map((value) => ({ value, label: languages[value] }));

const seconds = { unit: 's' };
const duration = integer('duration_s', 'Duration (s)', 'Length of the song.', 5, 240, 5, 30, seconds);
const seed = (value) =>
  integer('seed', 'Seed', 'Same request and seed, same result; empty or -1 draws a new one.', -1, 2147483647, 1, value, {
    when_absent: 'random',
  });
const repaintStrength = number('repaint_strength', 'Repaint strength',
  '0 is free, 1 stays close to the source; used by mode balanced.', 0, 1, 0.05, 0.5);
const repaintMode = choice('repaint_mode', 'Repaint mode',
  'Conservative keeps more of the source, aggressive less.',
  ['balanced', 'conservative', 'aggressive'], 'balanced');
const latentFrames = integer('latent_crossfade_frames', 'Latent crossfade frames',
  'Blend at the boundary; 25 frames are one second.', 0, 30, 1, 10, { unit: 'frames' });
const chunkMask = choice('chunk_mask_mode', 'Chunk mask', 'How the region to repaint is marked for the model.',
  ['auto', 'explicit'], 'auto');

const advanced = (row) => ({ ...row, group: 'advanced' });
const planner = (row) => ({ ...row, group: 'lm' });

const advancedRows = [
  integer('inference_steps', 'Inference steps', 'More is slower and finer; 8 is far too few for this model.', 8, 80, 1, 27),
  number('guidance_scale', 'Guidance scale (CFG)', 'How strictly the song follows the prompt; 1 turns it off.', 1, 15, 0.5, 7),
  choice('infer_method', 'Inference method', 'ode repeats exactly per seed; sde adds fresh noise at every step.',
    ['ode', 'sde'], 'ode'),
  number('cfg_interval_start', 'CFG interval start', 'Lowest noise level with guidance; 0 is the clean end.', 0, 1, 0.05, 0),
  number('cfg_interval_end', 'CFG interval end', 'Highest noise level with guidance; 1 is pure noise.', 0, 1, 0.05, 1),
  number('shift', 'Shift', 'Warps the schedule of noise levels; 1 is linear.', 0.5, 3, 0.1, 1),
  flag('use_adg', 'Use Adaptive Dual Guidance (ADG)', 'Another form of guidance; experimental.', false),
  integer('bpm', 'BPM', 'Tempo in beats a minute.', 30, 300, 1, null, { when_absent: 'auto' }),
  text('keyscale', 'Key / scale', 'Such as A minor, F# major or Am.', 20, { when_absent: 'auto' }),
  choice('timesignature', 'Time signature', 'Beats in a bar.',
    [{ value: '', label: 'auto' }, { value: '2', label: '2/4' }, { value: '3', label: '3/4' },
      { value: '4', label: '4/4' }, { value: '6', label: '6/8' }], '', { when_absent: 'auto' }),
  choice('vocal_language', 'Vocal language', 'Language of the lyrics.', languageChoices(Object.keys(languages)), 'unknown'),
].map(advanced);

const plannerRows = [
  flag('thinking', 'Enable thinking (CoT)', 'The planner drafts the song as audio codes first.', true),
  flag('use_cot_caption', 'Let LM rewrite caption', 'The planner may reword your prompt.', true),
  flag('use_cot_metas', 'Let LM infer metadata', 'Fills tempo, key and time signature left empty below.', true),
  flag('use_cot_language', 'Let LM detect vocal language', 'A language chosen by hand wins.', true),
  number('temperature', 'LM temperature', 'Randomness of the planner; 0 is greedy.', 0, 2, 0.05, 0.85),
  number('top_p', 'LM top-p', 'Share of probability to sample from; 1 is off.', 0, 1, 0.05, 0.9),
  integer('top_k', 'LM top-k', 'Number of tokens to sample from; 0 is off.', 0, 1000, 1, 0),
  number('cfg', 'LM CFG scale', 'Guidance of the planner; 1 is off.', 1, 10, 0.5, 2),
  text('negative_prompt', 'LM negative prompt', 'What the planner is guided away from.', 512, { default: 'NO USER INPUT' }),
].map(planner);

const loras = field('loras', 'loras', 'LoRA', 'Adapters that colour the model; any number, each with its own strength.', {
  ...between(0, 1.5),
  step: 0.05,
  default: 0.95,
  accept: ['.safetensors'],
  max_bytes: 500 * 1024 * 1024,
});

const shared = [seed(-1), ...advancedRows, ...plannerRows, loras];
const budget = (base_s, length, default_length_s) => ({ base_s, length, default_length_s, min_s: 60, max_s: 300 });
const mode = (name, label, action, summary, uses_planner, rule, fields) =>
  ({ mode: name, label, action, summary, uses_planner, budget: rule, fields });

const lyricsPlaceholder = '[Verse]\nNeon rain on empty streets\n\n[Chorus]\nCarry me home';

export const options = {
  modes: [
    mode('generate', 'Generate', 'Generate', 'A new song from a style prompt and, if you like, lyrics.', true,
      budget(30, ['duration_s'], 30), [
        text('prompt', 'Style prompt', 'Genre, mood, instruments and voice.', 512, {
          range: { min: 1, max: 512 },
          missing: 'The style prompt is missing. Describe the song: genre, mood, instruments.',
          placeholder: 'Warm lo-fi hip hop, dusty drums, mellow piano, female vocals',
        }),
        text('lyrics', 'Lyrics', 'Section tags in brackets; leave empty and the planner improvises.', 4096, {
          placeholder: lyricsPlaceholder,
        }),
        duration,
        flag('instrumental', 'Vocal mode', 'Instrumental leaves the lyrics out.', false),
        ...shared,
      ]),
    mode('cover', 'Cover', 'Generate cover', 'A new song in the style of a reference clip.', false,
      budget(40, ['duration_s'], 30), [
        audio('ref_audio', 'Reference audio', 'wav, mp3 or flac, 1 to 60 s; start, middle and end count.',
          'Cover needs a reference clip. Drop a file or choose one.', 60, 50),
        text('prompt', 'New style prompt (optional)', 'Blank inherits the style of the reference.', 512, {
          placeholder: 'Acoustic folk, fingerpicked guitar, close harmony',
        }),
        text('lyrics', 'New lyrics', 'Words for the new song.', 4096, { placeholder: lyricsPlaceholder }),
        duration,
        number('audio_cover_strength', 'Cover strength', 'Share of steps that follow the reference; 0 ignores it.', 0, 1, 0.01, 0.93),
        ...shared,
      ]),
    mode('extend', 'Extend', 'Extend', 'A seed song and what comes after it.', false,
      budget(30, ['extra_duration_s'], 20), [
        audio('seed_audio', 'Seed audio', 'The song to continue: wav, mp3 or flac, up to 240 s.',
          'Extend needs a seed song. Drop a file or choose one.', 240, 100),
        text('extra_prompt', 'Extension prompt', 'Style of the continuation.', 512, { placeholder: 'Slow build, wide pads, half-time drums' }),
        text('extension_lyrics', 'Extension lyrics (optional)', 'Blank continues without vocals.', 4096, { placeholder: '[Bridge]\nHold the line' }),
        integer('extra_duration_s', 'Extra duration (s)', 'Added after the seed; both together at most 360 s.', 5, 120, 5, 60, seconds),
        number('wav_crossfade_s', 'WAV crossfade (s)', 'How far before the seam the new part fades in.', 0, 5, 0.1, 2, seconds),
        repaintMode, repaintStrength, latentFrames, chunkMask,
        ...shared,
      ]),
    mode('edit', 'Edit', 'Apply edit', 'A song with one segment sung or played anew.', false,
      budget(30, ['segment_end_s', 'segment_start_s'], 8), [
        audio('source_audio', 'Source audio', 'The song to change: wav, mp3 or flac, up to 240 s.',
          'Edit needs a source song. Drop a file or choose one.', 240, 100),
        choice('sub_mode', 'Edit sub-mode', 'Repaint replaces the segment; flow morph changes what is there.',
          [{ value: 'repaint', label: 'Repaint segment' }, { value: 'flow_edit', label: 'Flow morph' }], 'repaint'),
        text('edit_prompt', 'Style prompt (optional)', 'Style of the new segment; flow morph needs it.', 512, {
          placeholder: 'Distorted guitars, half-time',
        }),
        text('source_lyrics', 'Source lyrics', 'What is sung now, as context.', 4096),
        text('target_lyrics', 'Target lyrics', 'What should be sung instead.', 4096),
        number('segment_start_s', 'Segment start (s)', 'Where the change begins.', 0, 240, 0.1, 0, seconds),
        number('segment_end_s', 'Segment end (s)', 'Where it ends, at least 1 s later.', 0, 240, 0.1, 30, seconds),
        repaintStrength, repaintMode,
        text('flow_source_caption', 'Source caption', 'Describes the song as it is; flow morph needs it.', 512),
        number('flow_n_min', 'n_min', 'Where in the schedule the morph begins.', 0, 1, 0.05, 0),
        number('flow_n_max', 'n_max', 'Where it ends; above n_min.', 0, 1, 0.05, 1),
        integer('flow_n_avg', 'n_avg', 'Estimates averaged per step; more is smoother and slower.', 1, 5, 1, 1),
        ...shared,
      ]),
    mode('lyrics', 'Lyrics', 'Draft lyrics', 'Section-tagged lyrics from a short brief.', false,
      budget(15, [], 0), [
        text('brief', 'Brief', 'What the song is about, for whom, in which voice.', 4000, {
          range: { min: 1, max: 4000 },
          missing: 'Describe the song first: what is it about?',
          placeholder: 'A night drive home after a long tour, tired but happy',
        }),
        text('structure', 'Structure', 'Sections in order, separated by commas.', 400, {
          default: 'intro, verse, chorus, verse, chorus, bridge, chorus, outro',
        }),
        choice('language', 'Language', 'Language of the draft.', languageChoices(['en', 'zh', 'ja', 'ko', 'es', 'fr', 'de']), 'en'),
        integer('verse_lines', 'Verse lines', 'Lines in each verse.', 2, 10, 1, 6),
        integer('chorus_lines', 'Chorus lines', 'Lines in each chorus.', 2, 8, 1, 4),
        integer('bridge_lines', 'Bridge lines', 'Lines in each bridge.', 1, 6, 1, 2),
        text('tone', 'Tone / mood', 'Blank is neutral.', 300, { placeholder: 'wistful, warm' }),
        choice('rhyme', 'Rhyme', 'How strictly lines rhyme.', ['strict', 'loose', 'none'], 'loose'),
        number('temperature', 'Temperature', 'Randomness; 0 is greedy.', 0, 2, 0.05, 0.85),
        number('top_p', 'Top-p', 'Share of probability to sample from; 0 and 1 are off.', 0, 1, 0.05, 0.9),
        integer('top_k', 'Top-k', 'Number of tokens to sample from; 0 is off.', 0, 200, 1, 40),
        integer('max_new_tokens', 'Max new tokens', 'Longest draft.', 100, 2000, 50, 600),
        seed(42),
      ]),
  ],
};
