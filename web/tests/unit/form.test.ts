import { beforeEach, describe, expect, it } from 'vitest';
import type { AudioUpload, Lora } from '../../src/api/types';
import { Form, valuesOfRequest } from '../../src/state/form.svelte';
import { table } from './tables';

const lora: Lora = {
  id: 'preset:x',
  name: 'X',
  kind: 'preset',
  default_scale: 0.85,
  sha256: null,
  bytes: null,
  rank: 8,
  alpha: 8,
  state: 'selected',
};
const upload = (duration_s: number): AudioUpload => ({
  id: 'u_1',
  role: 'source_audio',
  name: 'a.wav',
  bytes: 1,
  sha256: '',
  url: '/files/a',
  expires_at: '',
  audio: {
    container: 'wav',
    duration_s,
    sample_rate: 48000,
    channels: 2,
    peaks: { min: [0], max: [0] },
  },
});

describe('Form', () => {
  let form: Form;
  beforeEach(() => (form = new Form(table('generate'))));

  it('sends required fields and what differs from the defaults, grouped as on the wire', () => {
    form.set('prompt', 'jazz');
    expect(form.toRequest()).toEqual({ mode: 'generate', prompt: 'jazz' });
    form.set('advanced.bpm', 90);
    form.set('advanced.infer_method', 'sde');
    form.set('lm.thinking', false);
    form.loras = [{ lora, scale: 0.4 }];
    expect(form.toRequest()).toEqual({
      mode: 'generate',
      prompt: 'jazz',
      advanced: { bpm: 90, infer_method: 'sde' },
      lm: { thinking: false },
      loras: [{ id: 'preset:x', scale: 0.4 }],
    });
  });

  it('marks every field at fault and forgets the mark on input', () => {
    form.set('duration_s', 1);
    expect(form.check()?.field).toBe('prompt');
    expect(Object.keys(form.errors).sort()).toEqual(['duration_s', 'prompt']);
    form.set('duration_s', 10);
    expect(form.errors).not.toHaveProperty('duration_s');
  });

  it('needs the audio of its mode', () => {
    const cover = new Form(table('cover'));
    expect(cover.check()?.message).toContain('reference clip');
    cover.setUpload(upload(20));
    expect(cover.check()).toBeNull();
    expect(cover.toRequest()).toEqual({ mode: 'cover', ref_audio: 'u_1' });
  });

  it('moves the segment into a new source', () => {
    const edit = new Form(table('edit'));
    edit.setUpload(upload(12.34));
    expect([edit.value('segment_start_s'), edit.value('segment_end_s')]).toEqual([0, 12.3]);
    edit.setUpload(upload(100));
    expect(edit.value('segment_end_s')).toBe(30);
  });

  it('restores a snapshot and leaves out what the table does not allow', () => {
    form.set('prompt', 'old');
    form.restore({ values: { duration_s: 60, 'lm.top_p': 7, nonsense: 1, instrumental: 'yes' } });
    expect(form.value('prompt')).toBe('');
    expect(form.value('duration_s')).toBe(60);
    expect(form.value('lm.top_p')).toBe(0.9);
    expect(form.value('instrumental')).toBe(false);
  });

  it('round-trips a request', () => {
    form.set('prompt', 'jazz');
    form.set('seed', 7);
    form.set('advanced.shift', 2);
    const other = new Form(table('generate'));
    other.restore({ values: valuesOfRequest(form.toRequest()) });
    expect(other.toRequest()).toEqual(form.toRequest());
  });
});
