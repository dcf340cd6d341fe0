// Audio on its way into a form, wherever it was dropped.
import type { Client } from '../api/client';
import { problem, toProblem } from '../api/problem';
import type { Mode, UploadRole } from '../api/types';
import type { Form } from './form.svelte';
import { bytes } from './format';
import type { Toasts } from './toasts.svelte';

const endsWith = (file: File, endings: string[]) =>
  endings.some((ending) => file.name.toLowerCase().endsWith(ending));

export class Uploads {
  progress = $state<Partial<Record<Mode, number>>>({}); // share sent; absent: nothing on its way

  constructor(
    private readonly client: Client,
    private readonly toasts: Toasts,
  ) {}

  // `trimSeconds`: keeps only the beginning; 0 keeps all.
  async audio(form: Form, file: File, trimSeconds = 0) {
    const field = form.uploadField;
    if (!field || form.mode in this.progress) return;
    if (field.max_bytes !== null && file.size > field.max_bytes) {
      const message = `${file.name} has ${bytes(file.size)}, at most ${bytes(field.max_bytes)} are possible.`;
      form.errors[field.name] = message;
      const code = 'too_large';
      this.toasts.show(problem('The audio is too large', message, { code, field: field.name }));
      return;
    }
    this.progress[form.mode] = 0;
    try {
      const onProgress = (share: number) => (this.progress[form.mode] = share);
      const options = { trimSeconds, onProgress };
      form.setUpload(await this.client.uploadAudio(file, field.name as UploadRole, options));
    } catch (error) {
      const found = toProblem(error);
      form.errors[field.name] = found.message;
      const first60 = {
        label: 'Use the first 60 s',
        run: () => void this.audio(form, file, 60),
      };
      const offered = found.actions?.includes('use_first_60s') ?? false;
      this.toasts.show({ ...found, field: field.name }, offered ? [first60] : []);
    } finally {
      delete this.progress[form.mode];
    }
  }

  // A file dropped outside of any drop zone: into the open mode, or the user says where.
  dropped(file: File, open: Form, forms: Record<Mode, Form>, go: (mode: Mode) => void) {
    const targets = Object.values(forms).filter(
      (form) => form.uploadField && endsWith(file, form.uploadField.accept),
    );
    const send = (form: Form) => {
      go(form.mode);
      void this.audio(form, file);
    };
    if (targets.includes(open)) send(open);
    else if (targets.length)
      this.toasts.info(
        'Where should it go?',
        `${file.name} can be a reference, a seed or a source.`,
        targets.map((form) => ({ label: form.table.label, run: () => send(form) })),
      );
    else {
      const message = `${file.name} is neither wav, mp3 or flac audio nor a .safetensors LoRA.`;
      this.toasts.show(problem('Not a file for the studio', message, { code: 'unsupported' }));
    }
  }
}
